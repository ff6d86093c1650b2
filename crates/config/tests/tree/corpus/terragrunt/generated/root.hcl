generate "backend" {
  path      = "backend.tf"
  if_exists = "overwrite"
  contents  = <<-EOF
    terraform {
      backend "s3" {
        bucket         = "generated"
        key            = "${path_relative_to_include()}/terraform.tfstate"
        dynamodb_table = "generated-locks"
      }
    }
  EOF
}
