resource "azurerm_container_registry" "this" {
  count = var.registry ? 1 : 0

  name                = local.unique
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  sku           = "Basic"
  admin_enabled = false
}
