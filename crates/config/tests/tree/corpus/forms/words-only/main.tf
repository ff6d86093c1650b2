# This module has no backend of its own: terraform takes that of its caller.
locals {
  example = <<-EOT
    terraform {
      backend "s3" {}
    }
  EOT
}
