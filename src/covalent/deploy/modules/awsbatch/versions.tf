terraform {
  required_version = ">= 1.4"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

provider "aws" {
  region  = var.region
  profile = var.profile

  # State that belongs to another account is not touched.
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = merge({ "covalent:deployment" = var.prefix }, var.tags)
  }
}
