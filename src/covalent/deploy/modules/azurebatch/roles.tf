# What tasks may do: read and write blobs of the one container, and pull images.

resource "azurerm_user_assigned_identity" "pool" {
  name                = "${var.prefix}-pool"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags
}

resource "azurerm_role_assignment" "pool_blobs" {
  scope                = azurerm_storage_container.this.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.pool.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "pool_images" {
  count = var.registry ? 1 : 0

  scope                = azurerm_container_registry.this[0].id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.pool.principal_id
  principal_type       = "ServicePrincipal"
}

# What whoever runs the server may do: submit jobs, and read and write the same blobs. That is an application of its own, or you.

resource "azuread_application" "this" {
  count = var.service_principal ? 1 : 0

  display_name = "${var.prefix}-batch"
  owners       = [data.azurerm_client_config.this.object_id]
}

resource "azuread_service_principal" "this" {
  count = var.service_principal ? 1 : 0

  client_id = azuread_application.this[0].client_id
  owners    = [data.azurerm_client_config.this.object_id]
}

resource "azuread_application_password" "this" {
  count = var.service_principal ? 1 : 0

  application_id      = azuread_application.this[0].id
  display_name        = "Covalent"
  end_date_relative   = "${var.secret_days * 24}h"
  rotate_when_changed = { half = local.secret_half }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # A secret ends two halves after it was made: one that is made in each of them is there before the last one ends.
  secret_half = tostring(floor(var.clock / (var.secret_days * 12)))

  client_id = var.service_principal ? azuread_service_principal.this[0].object_id : data.azurerm_client_config.this.object_id

  # Said of an application, which the directory may not know yet everywhere. Whether you are a user, Azure finds out.
  client_type = var.service_principal ? "ServicePrincipal" : null
}

resource "azurerm_role_assignment" "client_jobs" {
  scope                = azurerm_batch_account.this.id
  role_definition_name = "Azure Batch Job Submitter"
  principal_id         = local.client_id
  principal_type       = local.client_type
}

resource "azurerm_role_assignment" "client_blobs" {
  scope                = azurerm_storage_container.this.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = local.client_id
  principal_type       = local.client_type
}

resource "azurerm_role_assignment" "client_images" {
  count = var.registry && var.service_principal ? 1 : 0

  scope                = azurerm_container_registry.this[0].id
  role_definition_name = "AcrPush"
  principal_id         = local.client_id
  principal_type       = local.client_type
}
