"""`martlet cache`, and what the start says of the cache."""

import json

import pytest
from programs import free_port, run_to_end

ADMIN = "adm-conformance"
SECRET = "conformance-secret"


@pytest.fixture(scope="module")
def cached(start, mock):
    """A gateway with a cache in memory and an admin key."""
    return start(
        mock.url + "/v1", MARTLET_CACHE_STORE="memory", MARTLET_ADMIN_KEY=ADMIN,
        MARTLET_API_KEYS="gw-one",
    )


def ask(gateway, content):
    body = json.dumps({"model": "mock-gpt", "messages": [{"role": "user", "content": content}]})
    answer = gateway.client().post("/chat/completions", body, {"authorization": "Bearer gw-one"})
    assert answer.status == 200
    return answer.headers["x-martlet-cache"]


def cache(gateway, *arguments, **environment):
    given = {"MARTLET_ADMIN_KEY": ADMIN, **environment}
    given.setdefault("MARTLET_LISTEN", f"127.0.0.1:{gateway.program.port}")
    return run_to_end(["cache", *arguments], given)


def test_statistics_and_flush(cached):
    assert [ask(cached, "a"), ask(cached, "a")] == ["miss", "hit"]
    code, output, error = cache(cached, "stats")
    assert code == 0 and error == "", error
    assert "store     memory, scope tenant" in output
    assert "1 answer, " in output and "1 hit, 1 miss" in output
    code, output, _ = cache(cached, "stats", "--json")
    page = json.loads(output)
    assert code == 0 and page["memory"]["entries"] == 1 and page["requests"]["hit"] == 1
    code, output, _ = cache(cached, "flush", "--model", "another")
    assert code == 0 and output == "removed 0 answers from memory, 0 from Redis\n"
    assert ask(cached, "a") == "hit"
    code, output, _ = cache(cached, "flush", "--model=mock-gpt")
    assert code == 0 and output == "removed 1 answer from memory, 0 from Redis\n"
    assert ask(cached, "a") == "miss"
    code, output, _ = cache(cached, "flush", "--json")
    assert code == 0 and json.loads(output) == {"removed": {"memory": 1, "redis": 0}}


def test_the_address_and_the_key_of_the_command_line(cached, tmp_path):
    file = tmp_path / "key"
    file.write_text(ADMIN + "\n")
    url = f"http://127.0.0.1:{cached.program.port}/v1"
    for key, more in ((f"file:{file}", {}), ("env:ADM", {"ADM": ADMIN})):
        code, output, error = run_to_end(["cache", "stats", "--url", url, "--key", key], more)
        assert code == 0 and output.startswith("store "), error


def test_what_goes_wrong_is_a_sentence(cached):
    code, output, error = cache(cached, "stats", MARTLET_ADMIN_KEY="no")
    assert (code, output) == (1, "") and "The admin key is needed" in error
    assert error.count("\n") == 1
    code, _, error = cache(cached, "flush", "--tenant", "nobody")
    assert code == 2 and "16 hexadecimal digits" in error
    port = free_port()
    code, output, error = cache(cached, "stats", MARTLET_LISTEN=f"127.0.0.1:{port}")
    assert (code, output) == (1, "") and f"no gateway answers at http://127.0.0.1:{port}" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["cache"], "stats or flush"),
        (["cache", "clear"], "stats or flush"),
        (["cache", "stats", "--model", "m"], "unknown flag '--model' for 'cache stats'"),
        (["cache", "flush", "--modle", "m"], "unknown flag '--modle'"),
        (["cache", "flush", "--model"], "needs a value"),
        (["cache", "stats", "--key", "adm-conformance"], "env:NAME or file:PATH"),
        (["cache", "stats", "--key", "env:NOT_SET"], "NOT_SET"),
        (["cache", "stats", "--url", "gateway"], "--url"),
        (["serve", "--url", "http://h"], "unknown flag '--url'"),
    ],
)
def test_what_was_written_wrong(arguments, part):
    code, output, error = run_to_end(arguments)
    assert code == 2 and output == "" and part in error, error
    assert ADMIN not in error


def test_help_tells_of_it():
    for arguments in (["--help"], ["cache", "--help"]):
        code, output, _ = run_to_end(arguments)
        assert code == 0 and "martlet cache stats | flush" in output


def test_the_check_says_what_is_kept_where():
    def lines(**environment):
        code, output, error = run_to_end(["check"], environment)
        assert code == 0, error
        return next(line for line in output.splitlines() if line.startswith("cache: ")), error

    line, error = lines()
    assert line.startswith("cache: off") and error == ""
    line, error = lines(MARTLET_CACHE_STORE="memory", MARTLET_CACHE_SCOPE="shared")
    assert "in memory, up to 128 MiB; shared by all callers; for 3600 s" in line and error == ""
    line, error = lines(REDIS_URL="redis://reader:hidden@redis.test:7000/3", MARTLET_CACHE_TTL="5m")
    assert "in Redis at redis://redis.test:7000/3, switched on by its URL alone" in line
    assert "for each caller alone; for 300 s" in line
    assert "MARTLET_SECRET" in error
    assert "hidden" not in line + error and "reader" not in line + error
    _, error = lines(REDIS_URL="redis://redis.test", MARTLET_SECRET=SECRET)
    assert error == ""
    code, _, error = run_to_end(["check"], {"MARTLET_CACHE_STORE": "tiered"})
    assert code == 2 and "REDIS_URL" in error


def test_the_start_says_it_too(cached):
    assert "martlet: cache: in memory, up to 128 MiB" in cached.program.output()
    assert ADMIN not in cached.program.output()
