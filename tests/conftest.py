"""What every test has in common."""

import pytest

from tests.support.network import become_root_of_a_user_namespace


def pytest_configure(config: pytest.Config) -> None:
    become_root_of_a_user_namespace()
