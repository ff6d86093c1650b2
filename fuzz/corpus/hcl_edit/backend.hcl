tfbackend
# terraform init -backend-config=backend.hcl
bucket  = "acme-state"
region  = "eu-central-1"
profile = "acme"

# locking
dynamodb_table = "terraform-locks" # eu
