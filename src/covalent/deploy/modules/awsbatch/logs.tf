resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts with a key of its own; another key would need a policy that lets CloudWatch use it
  #checkov:skip=CKV_AWS_338:how long what tasks print is kept is for whoever deploys to say: log_retention_days

  name              = "${var.prefix}-job-logs"
  retention_in_days = var.log_retention_days
}
