terraform {            # settings
  backend "s3" {       # state
    bucket       = "b" # bucket
    use_lockfile = true
    encrypt      = true  # always
    key          = "kkk" # key
  }                      # end
}                        # end
