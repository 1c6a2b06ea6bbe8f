"""Has the compiler parse a tower of brackets and operators."""
# acceptable: crash, exception, memory


def attack():
    compile("(" * 90 + "-" * 500_000 + "1" + ")" * 90, "x", "eval")
    return []
