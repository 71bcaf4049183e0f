# For images of your own. Tasks need no more rights to run in them: the execution and the instance role may pull from every
# repository of the account, by the policies of AWS's that they have.

resource "aws_ecr_repository" "this" {
  #checkov:skip=CKV_AWS_136:ECR encrypts with a key of its own; images hold no data of tasks

  count = var.registry ? 1 : 0

  name                 = "${var.prefix}-tasks"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  count = var.registry ? 1 : 0

  repository = aws_ecr_repository.this[0].name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the newest 50"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
      action       = { type = "expire" }
    }]
  })
}

data "aws_iam_policy_document" "push" {
  #checkov:skip=CKV_AWS_356:tokens of a registry belong to no resource

  count = var.registry ? 1 : 0

  statement {
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid = "Images"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.this[0].arn]
  }
}

resource "aws_iam_policy" "push" {
  count = var.registry ? 1 : 0

  name        = "${local.regional}-push"
  description = "What 'covalent image push awsbatch' needs."
  policy      = data.aws_iam_policy_document.push[0].json
}

output "image_repository" {
  description = "Where images of your own go: 'covalent image push awsbatch' finds it here."
  value       = one(aws_ecr_repository.this[*].repository_url)
}

output "push_policy_arn" {
  description = "A policy with what whoever pushes images needs. Attach it to that user or role."
  value       = one(aws_iam_policy.push[*].arn)
}
