# terraform init -backend-config=backend.hcl
bucket  = "acme-state"
region  = "eu-central-1"
profile = "acme"

# locking
use_lockfile = true
