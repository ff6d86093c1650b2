terraform {
  backend "http" {
    address = "https://state.acme.example/web"
  }
}
