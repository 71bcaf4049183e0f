resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59:no blob is public and keys are off, so every request needs a role; allowed_ips closes the network, too
  #checkov:skip=CKV_AZURE_206:what is lost with a data centre can be computed again, and copies elsewhere cost as much again
  #checkov:skip=CKV_AZURE_33:there are no queues, and without keys nobody could make one who has no role for it
  #checkov:skip=CKV2_AZURE_38:blobs are written once, under names never used again; those that runs delete would be billed for days
  #checkov:skip=CKV2_AZURE_33:private endpoints are billed by the hour, also while idle; subnet_id and allowed_ips close the network without
  #checkov:skip=CKV2_AZURE_1:Microsoft encrypts with a key of its own; another would need a vault, and could lock results away

  name                = local.unique
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  account_tier             = "Standard"
  account_replication_type = "LRS"
  min_tls_version          = "TLS1_2"

  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false

  # Whoever reads or writes does it as somebody, with a role.
  shared_access_key_enabled       = false
  local_user_enabled              = false
  default_to_oauth_authentication = true

  dynamic "network_rules" {
    for_each = length(var.allowed_ips) > 0 ? [var.allowed_ips] : []

    content {
      default_action             = "Deny"
      bypass                     = ["AzureServices"]
      ip_rules                   = network_rules.value
      virtual_network_subnet_ids = var.subnet_id == null ? [] : [var.subnet_id]
    }
  }

  lifecycle {
    # Nodes that Azure Batch gives addresses to come from anywhere.
    precondition {
      condition     = length(var.allowed_ips) == 0 || var.subnet_id != null
      error_message = "With allowed_ips, nodes need a subnet_id with the service endpoint Microsoft.Storage to reach the storage account."
    }
  }
}

resource "azurerm_storage_container" "this" {
  #checkov:skip=CKV2_AZURE_21:logs of reads are billed, and every task reads; a diagnostic setting can have them made

  name                  = var.prefix
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  count = var.expire_days == null ? 0 : 1

  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "expire"
    enabled = true

    filters {
      blob_types   = ["blockBlob", "appendBlob"]
      prefix_match = ["${azurerm_storage_container.this.name}/${var.blob_prefix}/"]
    }

    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = var.expire_days
      }
    }
  }
}
