data "azurerm_client_config" "this" {}

# Names of storage and Batch accounts and of registries are taken once in the world.
resource "random_string" "suffix" {
  length  = 8
  upper   = false
  special = false
}

locals {
  unique = "${var.prefix}${random_string.suffix.result}"
  tags   = merge({ "covalent-deployment" = var.prefix }, var.tags)
}

resource "azurerm_resource_group" "this" {
  name     = "${var.prefix}-batch"
  location = var.location
  tags     = local.tags
}
