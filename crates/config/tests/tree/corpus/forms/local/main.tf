terraform {
  backend "local" {
    path = "../states/local.tfstate"
  }
}
