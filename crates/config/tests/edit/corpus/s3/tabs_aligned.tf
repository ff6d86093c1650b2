terraform {
	backend "s3" {
		bucket       = "acme-state"
		key          = "vpc.tfstate"
		use_lockfile = true
	}
}
