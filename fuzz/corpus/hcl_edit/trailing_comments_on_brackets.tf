tf
terraform {                # settings
  backend "s3" {           # state
    bucket         = "b"   # bucket
    dynamodb_table = "t"   # table
    encrypt        = true  # always
    key            = "kkk" # key
  }                        # end
}                          # end
