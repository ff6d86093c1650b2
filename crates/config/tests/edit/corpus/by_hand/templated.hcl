generate "backend" {
  path     = "backend.tf"
  contents = templatefile("backend.tftpl", { bucket = "acme-state" })
}
