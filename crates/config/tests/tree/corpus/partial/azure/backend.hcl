resource_group_name  = "rg"
storage_account_name = "state"
container_name       = "tfstate"
key                  = "x"
