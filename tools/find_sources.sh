#!/usr/bin/env bash
# Sourced by the checks: lists the project's sources, seen from the project's top folder.

# find_in_project EXPRESSION...: files that meet it, without build folders and hidden ones.
find_in_project() {
    find . -mindepth 1 \( -name '.git' -o -name '.ccache' -o -name '.venv*' -o -path './build*' \
        -o -path './quickstart_run' \) -prune -o -type f \( "$@" \) -print | LC_ALL=C sort
}

dnagpt_cpp_files() {
    find_in_project -name '*.cpp' -o -name '*.hpp' -o -name '*.cu'
}

dnagpt_shell_files() {
    find_in_project -name '*.sh' -o -name '*.sbatch' -o -path './.ci/run'
}

dnagpt_python_files() {
    find_in_project -name '*.py'
}
