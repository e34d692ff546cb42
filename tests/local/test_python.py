"""Which Python the environment is built on."""

from .shell import Shell

BROKEN_SHIM = 'echo "pyenv: $0: command not found" >&2; exit 127'


def test_a_python_on_path_is_taken(shell: Shell) -> None:
    python = shell.fake_python("bin/python3.13", "3.13")
    assert shell.run("find_python").stdout.strip() == str(python)


def test_a_python_that_is_too_old_is_not_taken(shell: Shell) -> None:
    shell.fake_python("bin/python3", "3.11")
    assert shell.run("find_python").returncode == 1


def test_a_shim_that_fails_gives_way_to_the_version_that_pyenv_holds(shell: Shell) -> None:
    for name in ("python3", "python3.12", "python3.13"):
        shell.fake(f"bin/{name}", BROKEN_SHIM)
    shell.fake_python(".pyenv/versions/3.11.7/bin/python3", "3.11")
    held = shell.fake_python(".pyenv/versions/3.12.1/bin/python3", "3.12")
    assert shell.run("find_python").stdout.strip() == str(held)


def test_of_the_versions_that_pyenv_holds_the_newest_is_taken(shell: Shell) -> None:
    shell.fake_python(".pyenv/versions/3.12.9/bin/python3", "3.12")
    newest = shell.fake_python(".pyenv/versions/3.12.10/bin/python3", "3.12")
    assert shell.run("find_python").stdout.strip() == str(newest)


def test_a_python_without_ensurepip_gives_way_to_one_that_can_make_environments(shell: Shell) -> None:
    shell.fake_python("bin/python3.13", "3.13", with_pip=False)
    whole = shell.fake_python("bin/python3.12", "3.12")
    assert shell.run("find_python").stdout.strip() == str(whole)


def test_a_named_python_comes_first(shell: Shell) -> None:
    shell.fake_python("bin/python3.13", "3.13")
    named = shell.fake_python("elsewhere/python", "3.12")
    assert shell.run(f"HEIMDALL_PYTHON={named} find_python").stdout.strip() == str(named)


def test_uv_provides_a_python_where_none_runs(shell: Shell) -> None:
    shell.fake("bin/uv", 'if [[ $2 == find ]]; then echo "/uv/python3.13"; else echo "Installed"; fi')
    assert shell.run("find_python || python_from_uv").stdout.strip() == "/uv/python3.13"


def test_without_any_python_both_ways_are_named(shell: Shell) -> None:
    answer = shell.run("python_obtainable || { no_python_message; exit 1; }")
    assert answer.returncode == 1
    assert "pyenv install" in answer.stdout and "install uv" in answer.stdout


def test_an_environment_of_a_checkout_that_was_moved_is_not_whole(shell: Shell) -> None:
    shell.fake_python(".venv/bin/python", "3.13")
    shell.fake(".venv/bin/pip", "# /somewhere/else/.venv/bin/python")
    assert shell.run("venv_is_whole").returncode == 1


def test_an_environment_left_in_the_middle_of_an_installation_is_not_whole(shell: Shell) -> None:
    python = shell.fake_python(".venv/bin/python", "3.13")
    shell.fake(".venv/bin/pip", f"# {python}")
    assert shell.run("venv_is_whole").returncode == 0
    (shell.home / ".venv/.installing").touch()
    assert shell.run("venv_is_whole").returncode == 1
