output "executor" {
  description = "What the section [executors.gcpbatch] of Covalent's configuration says."
  value = merge(
    {
      project_id            = var.project_id
      region                = var.region
      bucket_name           = google_storage_bucket.this.name
      bucket_prefix         = var.bucket_prefix
      service_account_email = google_service_account.tasks.email
      spot                  = var.spot
    },
    var.container_image_uri == null ? {} : { container_image_uri = var.container_image_uri },
    var.private_network ? {
      network          = google_compute_network.this[0].name
      subnetwork       = google_compute_subnetwork.this[0].name
      assign_public_ip = false
    } : {},
  )

  # Without them, machines start and stay silent.
  depends_on = [google_project_iam_member.tasks, google_storage_bucket_iam_member.tasks, google_compute_router_nat.this]
}

output "account_id" {
  description = "The project that all of this is in."
  value       = var.project_id
}

output "place" {
  description = "Where all of it is: under another value of one of these, it would not be found."
  value       = { prefix = var.prefix, region = var.region }
}

output "image_repository" {
  description = "Where images of your own go: push NAME:TAG there, and name it in container_image_uri."
  value       = var.registry ? "${var.region}-docker.pkg.dev/${replace(var.project_id, ":", "/")}/${google_artifact_registry_repository.this[0].repository_id}" : null
}
