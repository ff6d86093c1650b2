terraform{
backend "s3"{
bucket="acme-state"
key="a/b/c"
dynamodb_table="locks"
use_lockfile = true
region="eu-west-1"
}
}
