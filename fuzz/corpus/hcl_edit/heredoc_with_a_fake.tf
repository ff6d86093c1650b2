tf
locals {
  example = <<-EOT
    terraform {
      backend "s3" {
        dynamodb_table = "not-this-one"
      }
    }
  EOT
  text    = "backend \"s3\" { dynamodb_table = \"nor this\" } ${upper("}")} $${x} %%{y}"
}

terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "heredoc"
    dynamodb_table = "this-one"
  }
}

output "x" {
  value = <<EOT
%{if true~}
  dynamodb_table = "no"
%{endif~}
EOT
}
