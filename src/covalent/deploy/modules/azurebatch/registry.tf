resource "azurerm_container_registry" "this" {
  #checkov:skip=CKV_AZURE_139:private networks need the Premium tier, at ten times the price; every pull needs a role
  #checkov:skip=CKV_AZURE_163:scanning is Microsoft Defender, which is switched on for a whole subscription and not for one registry
  #checkov:skip=CKV_AZURE_164:needs the Premium tier; an image can be named by its digest, which cannot be forged
  #checkov:skip=CKV_AZURE_165:needs the Premium tier; the pool is in one region, as the registry is
  #checkov:skip=CKV_AZURE_166:needs the Premium tier, and a scanner that lets images out of quarantine
  #checkov:skip=CKV_AZURE_167:needs the Premium tier; old images are for whoever pushes them to remove
  #checkov:skip=CKV_AZURE_233:needs the Premium tier; what is lost with a data centre can be built and pushed again
  #checkov:skip=CKV_AZURE_237:needs the Premium tier; such endpoints serve firewalls that let single registries through

  count = var.registry ? 1 : 0

  name                = local.unique
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  sku           = "Basic"
  admin_enabled = false
}
