generate "backend" {
  path     = "backend.tf"
  contents = <<EOF
terraform {
%{if local.remote~}
  backend "s3" {
    dynamodb_table = "locks"
  }
%{endif~}
}
EOF
}
