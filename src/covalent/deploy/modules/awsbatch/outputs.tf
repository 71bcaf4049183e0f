output "executor" {
  description = "What the section [executors.awsbatch] of Covalent's configuration says."
  value = merge(
    {
      region                    = var.region
      s3_bucket_name            = aws_s3_bucket.this.id
      s3_prefix                 = var.bucket_prefix
      batch_queue               = aws_batch_job_queue.this.name
      batch_job_definition_name = local.definitions
      batch_job_role_name       = aws_iam_role.job.name
      batch_execution_role_name = aws_iam_role.execution.name
      batch_job_log_group_name  = aws_cloudwatch_log_group.this.name
      platform                  = local.on_fargate ? "FARGATE" : "EC2"
    },
    local.on_fargate ? { assign_public_ip = var.assign_public_ip } : {},
    var.profile == null ? {} : { profile = var.profile },
  )

  # Whoever knows the names may use them only when all of it is there.
  depends_on = [aws_s3_bucket_policy.this, aws_iam_role_policy.job, aws_iam_role_policy_attachment.execution]
}

output "account_id" {
  description = "The account that all of this is in."
  value       = local.account_id
}

output "place" {
  description = "Where all of it is: under another value of one of these, it would not be found."
  value       = { prefix = var.prefix, region = var.region }
}

output "client_policy_arn" {
  description = "A policy with what whoever runs the server needs. Attach it to that user or role."
  value       = aws_iam_policy.client.arn
}
