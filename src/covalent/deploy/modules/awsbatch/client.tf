# What whoever runs the server may do. It is made, and attached to nobody: attach it to the user or the role that the server has.

locals {
  batch_arn = "arn:${local.partition}:batch:${var.region}:${local.account_id}"
}

data "aws_iam_policy_document" "client" {
  # These have no resources that could be named.
  statement {
    sid = "Look"
    actions = [
      "batch:DescribeJobs",
      "batch:ListJobs",
      "batch:DescribeJobDefinitions",
      "batch:DescribeJobQueues",
      "batch:DescribeComputeEnvironments",
      "logs:DescribeLogGroups",
    ]
    resources = ["*"]
  }

  statement {
    sid     = "Submit"
    actions = ["batch:SubmitJob"]
    resources = [
      aws_batch_job_queue.this.arn,
      "${local.batch_arn}:job-definition/${local.definitions}-*",
    ]
  }

  statement {
    sid       = "JobDefinitions"
    actions   = ["batch:RegisterJobDefinition", "batch:DeregisterJobDefinition", "batch:TagResource"]
    resources = ["${local.batch_arn}:job-definition/${local.definitions}-*"]
  }

  statement {
    sid       = "Jobs"
    actions   = ["batch:TerminateJob", "batch:TagResource"]
    resources = ["${local.batch_arn}:job/*"]
  }

  statement {
    sid       = "LookAtRoles"
    actions   = ["iam:GetRole"]
    resources = [aws_iam_role.job.arn, aws_iam_role.execution.arn]
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.job.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "Objects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = [local.objects_arn]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.this.arn]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:log-stream:*"]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "Key"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_policy" "client" {
  name        = "${local.regional}-client"
  description = "What the Covalent server needs to run tasks on AWS Batch."
  policy      = data.aws_iam_policy_document.client.json
}
