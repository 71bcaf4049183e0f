output "executor" {
  description = "What the section [executors.azurebatch] of Covalent's configuration says, without the secret."
  value = merge(
    {
      tenant_id              = data.azurerm_client_config.this.tenant_id
      batch_account_url      = "https://${azurerm_batch_account.this.account_endpoint}"
      storage_account_name   = azurerm_storage_account.this.name
      container_name         = azurerm_storage_container.this.name
      prefix                 = var.blob_prefix
      pool_id                = azurerm_batch_pool.this.name
      user_assigned_identity = azurerm_user_assigned_identity.pool.id
      base_image_uri         = coalesce(var.base_image_uri, "docker.io/library/python:${var.python}-slim")
    },
    var.service_principal ? { client_id = azuread_application.this[0].client_id } : {},
  )

  # Whoever knows the names may use them only when all of it is there.
  depends_on = [azurerm_role_assignment.client_jobs, azurerm_role_assignment.client_blobs]
}

output "executor_secrets" {
  description = "What that section says that nobody may see."
  value       = { client_secret = one(azuread_application_password.this[*].value) }
  sensitive   = true
}

output "account_id" {
  description = "The subscription that all of this is in."
  value       = data.azurerm_client_config.this.subscription_id
}

output "place" {
  description = "Where all of it is: under another value of one of these, it would not be found."
  value       = { prefix = var.prefix, location = var.location }
}

output "resource_group" {
  description = "The resource group that all of this is in."
  value       = azurerm_resource_group.this.name
}

output "image_repository" {
  description = "Where images of your own go: push NAME:TAG there, and name it in base_image_uri."
  value       = one(azurerm_container_registry.this[*].login_server)
}
