bucket       = "acme-prod"
key          = "sub.tfstate"
use_lockfile = true
