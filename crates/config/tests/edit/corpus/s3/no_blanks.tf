terraform{
backend "s3"{
bucket="acme-state"
key="a/b/c"
use_lockfile = true
region="eu-west-1"
}
}
