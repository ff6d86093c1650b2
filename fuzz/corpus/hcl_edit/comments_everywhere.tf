tf
# Copyright Acme
/* backend "s3" { dynamodb_table = "no" } */
terraform { # one
  /* two */ backend /* three */ "s3" /* four */ { // five
    // six
    bucket /* seven */ = /* eight */ "acme-state" # nine
    # The table of all teams.
    # Do not remove it before everybody has moved.
    /* ten */ dynamodb_table /* eleven */ = /* twelve */ "locks" /* thirteen */ // fourteen
    # fifteen
    region = "us-east-1" /* sixteen
      seventeen */
    # eighteen
  } # nineteen
} # twenty
