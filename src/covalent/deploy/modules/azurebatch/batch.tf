resource "azurerm_batch_account" "this" {
  #checkov:skip=CKV_AZURE_76:a vault is for accounts with nodes in your own subscription; this one keeps no secrets, and has no working keys

  name                = local.unique
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  tags                = local.tags

  pool_allocation_mode         = "BatchService"
  allowed_authentication_modes = ["AAD"]
}

locals {
  # Every five minutes: as many nodes as the tasks of the last while need. Nodes that were taken back count as missing, and those that go
  # finish their tasks first.
  nodes      = var.spot ? "$TargetLowPriorityNodes" : "$TargetDedicatedNodes"
  autoscale  = <<-EOT
    slots = ${var.slots_per_node};
    sampled = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);
    now = max(0, $PendingTasks.GetSample(1));
    lately = sampled < 50 ? now : max(now, avg($PendingTasks.GetSample(TimeInterval_Minute * 5)));
    preempted = ${var.spot ? "max(0, $PreemptedNodeCount.GetSample(1))" : "0"};
    wanted = lately > 0 ? (lately + slots - 1) / slots + preempted : 0;
    ${local.nodes} = min(${var.max_nodes}, wanted);
    $NodeDeallocationOption = taskcompletion;
  EOT
  registries = azurerm_container_registry.this[*].login_server
}

resource "azurerm_batch_pool" "this" {
  name                = "${var.prefix}-pool"
  resource_group_name = azurerm_resource_group.this.name
  account_name        = azurerm_batch_account.this.name

  vm_size            = var.vm_size
  max_tasks_per_node = var.slots_per_node
  node_agent_sku_id  = "batch.node.ubuntu 24.04"
  metadata           = local.tags

  # The service's other way, in which nodes take connections from outside, has been retired.
  target_node_communication_mode = "Simplified"

  storage_image_reference {
    publisher = "microsoft-dsvm"
    offer     = "ubuntu-hpc"
    sku       = "2404"
    version   = "latest"
  }

  container_configuration {
    type = "DockerCompatible"

    dynamic "container_registries" {
      for_each = local.registries

      content {
        registry_server           = container_registries.value
        user_assigned_identity_id = azurerm_user_assigned_identity.pool.id
      }
    }
  }

  auto_scale {
    evaluation_interval = "PT5M"
    formula             = local.autoscale
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.pool.id]
  }

  dynamic "network_configuration" {
    for_each = var.subnet_id == null ? [] : [var.subnet_id]

    content {
      subnet_id = network_configuration.value
    }
  }

  # Nodes that come up before their identity has its roles cannot reach the blobs.
  depends_on = [azurerm_role_assignment.pool_blobs, azurerm_role_assignment.pool_images]
}
