terraform {
	backend "s3" {
		bucket="acme-state"
		use_lockfile = true
	} # the rest by -backend-config
}
