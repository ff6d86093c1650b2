terraform {
  backend "http" {
    address      = "https://gitlab.example.com/api/v4/projects/1/terraform/state/x"
    lock_address = "https://gitlab.example.com/api/v4/projects/1/terraform/state/x/lock"
  }
}
