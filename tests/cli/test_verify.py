"""`regulars verify`: what an operator is told about a chain's members and its ledgers."""

import asyncio
import re
from typing import Any

from support.chains import Chain
from support.clock import owner
from support.till import bought, member
from support.value import furnished, set_up


async def verify(regulars: Any, *arguments: str, **changes: str) -> Any:
    return await asyncio.to_thread(regulars, "verify", *arguments, **changes)


async def test_ledgers_are_proved_and_a_fault_is_named(regulars: Any, chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain)
    await bought(chain, "1", 5_000, member_id=who, points_to_redeem=1_000, wallet_amount=2_000)
    slug = await (await owner()).fetchval("SELECT slug FROM tenant WHERE tenant_id = $1", chain.tenant_id)
    for name in (slug, str(chain.tenant_id)):
        done = await verify(regulars, "--tenant", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [f"{slug}: proved (members: 1)", "1 tenants, 0 differences"]

    await (await owner()).execute(
        "UPDATE wallet_account SET principal = principal + 1 WHERE tenant_id = $1", chain.tenant_id
    )
    done = await verify(regulars, "--tenant", slug)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{slug}: 3 differences (members: 1)" in done.stdout  # the replay finds it, too
    lines = [line.split()[:5] for line in done.stdout.splitlines() if f"member:{who}" in line]
    assert [(check, whose, int(stored) - int(expected)) for check, _, whose, expected, stored in lines] == [
        ("wallet-principal", who, 1),
        ("wallet-principal-lots", who, 1),
    ]
    everybody = await verify(regulars, "--ledgers-only")  # every chain of every test: replaying them all takes long
    assert everybody.returncode == 1
    assert re.search(rf"^{slug}: 2 differences ", everybody.stdout, re.MULTILINE)
    assert re.search(r"^\d+ tenants, \d+ differences$", everybody.stdout.splitlines()[-1])


async def test_members_are_replayed_unless_only_the_ledgers_are_asked_for(regulars: Any, chain: Chain) -> None:
    first, second = await member(chain), await member(chain)
    for who in (first, second):
        await bought(chain, who, 60_000, member_id=who)
    await (await owner()).execute(
        "UPDATE member_total SET spend = spend + 1 WHERE tenant_id = $1 AND member_id = $2", chain.tenant_id, second
    )
    name = str(chain.tenant_id)
    for arguments, members, differences in (
        (("--ledgers-only",), 0, 0),
        (("--members", "1"), 1, 0),
        (("--members", "2"), 2, 1),
        ((), 2, 1),
    ):
        done = await verify(regulars, "--tenant", name, *arguments)
        assert (done.returncode, done.stderr) == (differences, ""), done.stderr
        assert f"(members: {members})" in done.stdout
        assert done.stdout.splitlines()[-1] == f"1 tenants, {differences} differences"
    (line,) = (line for line in done.stdout.splitlines() if second in line)
    assert line.split()[:1] == ["total"]
    assert "The sum kept isn't what the facts add up to." in line
    chinese = await verify(regulars, "--tenant", name, LC_ALL="zh_CN.UTF-8")
    assert "汇总数与逐笔事实相加的结果不同" in chinese.stdout


async def test_an_unknown_chain_is_one_line(regulars: Any) -> None:
    done = await verify(regulars, "--tenant", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: no tenant has the id or slug 'nobody'\n"
