# A first lock on a local state server. See the README for the five minutes around it.
terraform {
  backend "s3" {
    bucket                   = "tfstate"
    key                      = "quickstart/terraform.tfstate"
    region                   = "us-east-1"
    use_lockfile             = true
    use_path_style           = true
    endpoints                = { s3 = "http://127.0.0.1:9000", dynamodb = "http://127.0.0.1:9000", sts = "http://127.0.0.1:9000", iam = "http://127.0.0.1:9000" }
    shared_credentials_files = ["../../statelock-data/credentials"]
  }
}

variable "seconds" {
  description = "How long the apply holds the lock."
  type        = number
  default     = 0
}

# Built into Terraform: no provider is downloaded.
resource "terraform_data" "greeting" {
  input            = "Hello from a locked state"
  triggers_replace = var.seconds

  provisioner "local-exec" {
    command = "sleep ${var.seconds}"
  }
}

output "greeting" {
  value = terraform_data.greeting.output
}
