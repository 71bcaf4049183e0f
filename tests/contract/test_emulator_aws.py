"""The emulated AWS: its services, signatures, counts and faults, as boto3 and obstore see them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from covalent.errors import EmulatorError
from covalent.testing import EmulatedAWS, emulated_aws
from covalent.testing.emulated import Control
from tests.support.emulated_batch import BUCKET, QUEUE, EmulatedBatch


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAWS]:
    with emulated_aws(queues=[QUEUE, "fargate=FARGATE"]) as aws:
        yield aws


@pytest.fixture
def cloud(aws: EmulatedAWS) -> Iterator[EmulatedBatch]:
    aws.reset_calls()
    yield EmulatedBatch(aws)
    aws.faults.clear()


def code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def store(aws: EmulatedAWS) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=aws.endpoint,
        region="us-east-1",
        access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )


# Resources


def test_a_queue_keeps_how_long_jobs_may_wait_at_its_head(cloud):
    batch = cloud.batch
    limit = {"state": "RUNNABLE", "action": "CANCEL", "reason": "none free", "maxTimeSeconds": 600}
    environment = batch.describe_job_queues(jobQueues=[QUEUE])["jobQueues"][0]["computeEnvironmentOrder"]
    made = {"jobQueueName": "limited", "state": "ENABLED", "priority": 1, "computeEnvironmentOrder": environment}
    with pytest.raises(ClientError, match="maxTimeSeconds must be between 600 and 86400"):
        batch.create_job_queue(**made, jobStateTimeLimitActions=[{**limit, "maxTimeSeconds": 599}])
    batch.create_job_queue(**made, jobStateTimeLimitActions=[limit])

    def limits() -> dict[str, list[dict[str, object]]]:
        return {q["jobQueueName"]: q["jobStateTimeLimitActions"] for q in batch.describe_job_queues()["jobQueues"]}

    assert (limits()["limited"], limits()[QUEUE]) == ([limit], [])
    batch.update_job_queue(jobQueue="limited", priority=2)
    assert limits()["limited"] == [limit]
    batch.update_job_queue(jobQueue="limited", state="DISABLED", jobStateTimeLimitActions=[])
    assert limits()["limited"] == []
    batch.delete_job_queue(jobQueue="limited")


def test_the_tags_of_a_launch_template_are_not_those_of_what_it_launches(cloud):
    ec2 = cloud.client("ec2")
    tags = [{"Key": "team", "Value": "blue"}]
    ec2.create_launch_template(
        LaunchTemplateName="tagged",
        LaunchTemplateData={"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="tagged")["LaunchTemplateVersions"]
    assert [each["ResourceType"] for each in version["LaunchTemplateData"]["TagSpecifications"]] == ["instance"]
    (template,) = ec2.describe_launch_templates(LaunchTemplateNames=["tagged"])["LaunchTemplates"]
    assert template["Tags"] == tags


def test_the_default_names_of_the_executor_exist(cloud):
    assert [bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]] == [BUCKET]
    roles = {role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]}
    assert roles >= {"CovalentBatchJobRole", "ecsTaskExecutionRole"}
    groups = [group["logGroupName"] for group in cloud.logs.describe_log_groups()["logGroups"]]
    assert groups == ["covalent-batch-job-logs"]


def test_a_queue_has_machines_of_the_kind_that_was_asked_for(cloud):
    kinds = {}
    for queue in cloud.batch.describe_job_queues()["jobQueues"]:
        environment = queue["computeEnvironmentOrder"][0]["computeEnvironment"]
        (found,) = cloud.batch.describe_compute_environments(computeEnvironments=[environment])["computeEnvironments"]
        kinds[queue["jobQueueName"]] = found["computeResources"]["type"]
    assert kinds == {QUEUE: "EC2", "fargate": "FARGATE"}


def test_ec2_and_ecr_answer(cloud):
    assert cloud.client("ec2").describe_vpcs()["Vpcs"]
    repository = cloud.client("ecr").create_repository(repositoryName="mine")["repository"]
    assert repository["repositoryUri"].startswith("123456789012.dkr.ecr.us-east-1.amazonaws.com/mine")


# Objects


def test_of_many_who_create_one_object_at_a_time_one_succeeds(aws):
    objects = store(aws)

    def create(number: int) -> bool:
        try:
            objects.put("race", str(number).encode(), mode="create")
        except AlreadyExistsError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(create, range(64))) == 1


def test_an_object_that_exists_is_not_created_again(cloud):
    cloud.s3.put_object(Bucket=BUCKET, Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as raised:
        cloud.s3.put_object(Bucket=BUCKET, Key="once", Body=b"second", IfNoneMatch="*")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert cloud.s3.get_object(Bucket=BUCKET, Key="once")["Body"].read() == b"first"


def test_names_of_objects_may_hold_anything(cloud, aws):
    for key in ("a b+c", "ä/ö~u", "x=1&y?z", "per%20cent", "two//slashes"):
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        assert cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
        if "//" not in key:
            assert bytes(store(aws).get(key).bytes()) == key.encode()


def test_a_thousand_objects_are_deleted_in_one_call_and_no_more(cloud):
    def delete(number: int) -> None:
        objects = [{"Key": f"gone/{n}"} for n in range(number)]
        cloud.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})

    delete(1000)
    with pytest.raises(ClientError) as raised:
        delete(1001)
    assert code(raised) == "MalformedXML"


def test_large_objects_travel_in_parts_and_ranges(aws):
    data = bytes(range(256)) * 80_000
    objects = store(aws)
    objects.put("large", data, use_multipart=True, chunk_size=6 * 2**20)
    assert bytes(objects.get("large").bytes()) == data
    assert bytes(objects.get_range("large", start=1000, end=2000)) == data[1000:2000]


# Signatures


def test_a_wrong_secret_is_noticed(cloud):
    with pytest.raises(ClientError) as raised:
        cloud.client("s3", aws_secret_access_key="wrong").list_buckets()
    assert code(raised) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("batch", "describe_job_queues", "UnrecognizedClientException"),
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused_in_the_words_of_the_service(cloud, service, call, expected):
    with pytest.raises(ClientError) as raised:
        getattr(cloud.client(service, aws_access_key_id="AKIAUNKNOWN"), call)()
    assert code(raised) == expected


def test_an_unsigned_request_is_refused(cloud):
    with pytest.raises(ClientError) as raised:
        cloud.client("s3", config=Config(signature_version=UNSIGNED)).list_objects_v2(Bucket=BUCKET)
    assert code(raised) == "AccessDenied"


def test_keys_that_iam_and_sts_give_out_are_known(cloud):
    role = cloud.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/CovalentBatchJobRole", RoleSessionName="me"
    )
    given = role["Credentials"]
    options = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
    identity = cloud.client("sts", aws_session_token=given["SessionToken"], **options).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/CovalentBatchJobRole/me"
    with pytest.raises(ClientError):
        cloud.client("sts", aws_session_token="another", **options).get_caller_identity()


def test_a_signed_address_serves_and_a_changed_one_does_not(cloud):
    import urllib.error
    import urllib.request

    cloud.s3.put_object(Bucket=BUCKET, Key="signed", Body=b"content")
    config = Config(signature_version="s3v4")
    url = cloud.client("s3", config=config).generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "signed"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"content"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("signed?", "other?"))


def test_another_region_has_nothing(cloud):
    with pytest.raises(ClientError, match="is wrong; expecting 'us-east-1'"):
        cloud.client("s3", region_name="eu-west-1").list_objects_v2(Bucket=BUCKET)
    elsewhere = cloud.client("batch", region_name="eu-west-1")
    assert elsewhere.describe_job_queues()["jobQueues"] == []
    with pytest.raises(ClientError, match=f"JobQueue {QUEUE} not found"):
        elsewhere.list_jobs(jobQueue=QUEUE)


# Counts


def test_calls_and_bytes_are_counted(cloud, aws):
    cloud.s3.put_object(Bucket=BUCKET, Key="counted", Body=b"x" * 1000)
    cloud.s3.get_object(Bucket=BUCKET, Key="counted")["Body"].read()
    cloud.batch.describe_job_queues()
    calls = aws.calls()
    assert calls.client == {"s3": {"PutObject": 1, "GetObject": 1}, "batch": {"DescribeJobQueues": 1}}
    assert calls.client_bytes["s3"] == {"sent": 1000, "received": 1000}
    assert calls.job == {}
    aws.reset_calls()
    assert aws.calls().client == {}


# Faults


def test_throttling_is_worded_as_each_service_does(cloud, aws):
    aws.faults.throttle("*", count=None)
    seen = {}
    for service, call in (("batch", "describe_job_queues"), ("s3", "list_buckets"), ("logs", "describe_log_groups")):
        with pytest.raises(ClientError) as raised:
            getattr(cloud.client(service), call)()
        seen[service] = code(raised), raised.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert seen == {
        "batch": ("TooManyRequestsException", 429),
        "s3": ("SlowDown", 503),
        "logs": ("ThrottlingException", 400),
    }


def test_a_fault_happens_as_often_as_was_asked_for_and_to_that_operation_only(cloud, aws):
    aws.faults.refuse("s3:PutObject", "AccessDenied", "Access Denied", count=2)
    cloud.s3.list_buckets()
    for _ in range(2):
        with pytest.raises(ClientError, match="Access Denied"):
            cloud.s3.put_object(Bucket=BUCKET, Key="refused", Body=b"")
    cloud.s3.put_object(Bucket=BUCKET, Key="refused", Body=b"")
    assert aws.faults.active() == []


def test_when_an_answer_is_lost_the_work_is_done(cloud, aws):
    aws.faults.lose_answer("PutObject")
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        cloud.s3.put_object(Bucket=BUCKET, Key="lost", Body=b"here")
    assert cloud.s3.get_object(Bucket=BUCKET, Key="lost")["Body"].read() == b"here"


def test_an_unreachable_service_comes_back(cloud, aws):
    aws.faults.unreachable(0.4)
    began = time.monotonic()
    with pytest.raises(HTTPClientError):
        cloud.s3.list_buckets()
    time.sleep(max(0, began + 0.5 - time.monotonic()))
    cloud.s3.list_buckets()


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "faults", b"{}", "missing required field `kind`"),
        ("POST", "faults", b'{"kind": "flood"}', "Invalid value 'flood'"),
        ("POST", "faults", b'{"kind": "throttle", "count": "many"}', "Expected `int"),
        ("POST", "faults", b'{"kind": "throttle", "counts": 1}', "unknown field `counts`"),
        ("DELETE", "faults?kind=trottle", b"", "Did you mean 'throttle'?"),
        ("GET", "nothing", b"", "There is no GET"),
    ],
)
def test_what_the_control_address_does_not_understand_it_refuses(aws, method, path, body, message):
    with pytest.raises(EmulatorError, match=message.replace("?", r"\?")):
        Control(aws.endpoint).ask(method, path, body)


# The server


def test_connections_are_kept_alive_and_many_are_served_at_a_time(aws):
    client = boto3.client(
        "s3",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(max_pool_connections=20),
    )
    seen = threading.Lock(), []

    def put(number: int) -> None:
        client.put_object(Bucket=BUCKET, Key=f"many/{number}", Body=b"x")
        with seen[0]:
            seen[1].append(number)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(put, range(200)))
    assert sorted(seen[1]) == list(range(200))
    assert client.list_objects_v2(Bucket=BUCKET, Prefix="many/")["KeyCount"] == 200
