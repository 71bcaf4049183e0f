terraform {
  required_version = ">= 1.4"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.9, < 5.0"
    }
    azuread = {
      source  = "hashicorp/azuread"
      version = ">= 3.0, < 4.0"
    }
    random = {
      source  = "hashicorp/random"
      version = ">= 3.6, < 4.0"
    }
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  tenant_id           = var.tenant_id
  storage_use_azuread = true

  # What a subscription has to be registered for before any of this can be made in it. The provider's own sets are without Batch.
  resource_provider_registrations = "core"
  resource_providers_to_register  = ["Microsoft.Batch", "Microsoft.ContainerRegistry"]

  features {
    storage {
      # All of it is made through the control plane: whoever deploys needs no role on blobs, and no way through allowed_ips.
      data_plane_available = false
    }
  }
}

provider "azuread" {
  tenant_id = var.tenant_id
}
