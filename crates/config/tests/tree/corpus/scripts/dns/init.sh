#!/bin/sh
set -eu
terraform init -backend-config=bucket=acme -backend-config="key=dns.tfstate" \
  -backend-config=dynamodb_table=locks -backend-config=encrypt=yes
