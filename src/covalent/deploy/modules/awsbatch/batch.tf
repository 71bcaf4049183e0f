locals {
  gpu_types      = ["g4dn", "g5"]
  default_types  = var.gpu ? local.gpu_types : ["optimal"]
  instance_types = length(var.instance_types) > 0 ? var.instance_types : local.default_types

  # The service's words for why a job waits: it compares them to the letter.
  misconfigured = [
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
  ]
}

resource "aws_launch_template" "this" {
  count = local.on_fargate ? 0 : 1

  name                   = "${var.prefix}-instances"
  update_default_version = true

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = var.disk_gib
      volume_type           = "gp3"
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  # One hop: containers cannot ask for the instance's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge({ "covalent:deployment" = var.prefix }, var.tags)
    }
  }
}

resource "aws_batch_compute_environment" "this" {
  # The one thing without a name of ours: versions 5 and 6 of the provider call that argument differently, and this suits both.
  type         = "MANAGED"
  state        = "ENABLED"
  service_role = aws_iam_role.batch.arn

  compute_resources {
    type               = var.compute_type
    max_vcpus          = var.max_vcpus
    min_vcpus          = local.on_fargate ? null : 0
    subnets            = local.subnet_ids
    security_group_ids = [aws_security_group.this.id]

    allocation_strategy = local.on_fargate ? null : (
      var.compute_type == "SPOT" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE"
    )
    instance_type = local.on_fargate ? null : local.instance_types
    instance_role = local.on_fargate ? null : aws_iam_instance_profile.this[0].arn

    dynamic "ec2_configuration" {
      for_each = local.on_fargate ? [] : [var.gpu ? "ECS_AL2023_NVIDIA" : "ECS_AL2023"]

      content {
        image_type = ec2_configuration.value
      }
    }

    dynamic "launch_template" {
      for_each = aws_launch_template.this

      content {
        launch_template_id = launch_template.value.id
        version            = tostring(launch_template.value.latest_version)
      }
    }
  }

  # Without its roles, an environment can neither work nor be deleted; without a route, machines never report.
  depends_on = [
    aws_iam_role_policy_attachment.batch,
    aws_iam_role_policy_attachment.instance,
    aws_route.internet,
    aws_route_table_association.this,
    aws_vpc_security_group_egress_rule.this,
  ]

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = !(var.gpu && local.on_fargate)
      error_message = "Fargate has no GPUs: use compute_type EC2 or SPOT with gpu."
    }
  }
}

resource "aws_batch_job_queue" "this" {
  name     = "${var.prefix}-queue"
  state    = "ENABLED"
  priority = 1

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this.arn
  }

  job_state_time_limit_action {
    action           = "CANCEL"
    state            = "RUNNABLE"
    reason           = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    max_time_seconds = var.runnable_limit_s
  }

  # Waiting does not mend these.
  dynamic "job_state_time_limit_action" {
    for_each = local.misconfigured

    content {
      action           = "CANCEL"
      state            = "RUNNABLE"
      reason           = job_state_time_limit_action.value
      max_time_seconds = 600
    }
  }
}
