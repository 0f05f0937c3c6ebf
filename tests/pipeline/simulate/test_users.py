"""Made-up accounts: repeatable and plainly artificial."""

from harmsweep.pipeline.simulate.users import accounts


def test_the_same_seed_gives_the_same_accounts() -> None:
    assert list(accounts(5, seed=1)) == list(accounts(5, seed=1))
    assert list(accounts(5, seed=1)) != list(accounts(5, seed=2))


def test_accounts_are_named_and_marked_as_made_up() -> None:
    rows = list(accounts(50, seed=1))
    assert [row["user_id"] for row in rows[:2]] == ["user-0000", "user-0001"]
    assert {row["origin"] for row in rows} == {"simulated"}


def test_few_accounts_state_age_and_gender() -> None:
    stated = [row for row in accounts(200, seed=1) if "age" in row]
    assert 5 <= len(stated) <= 40
    assert all("gender" in row for row in stated)
