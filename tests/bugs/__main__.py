"""``python -m tests.bugs [--quick] [WORD…]``: each pair, and whether it is told apart; exit code 1 where one is not.

With words, those pairs alone whose name or adapter contains one of them.
"""

from __future__ import annotations

import sys

from tests.bugs import pairs
from tests.bugs.telling import tell


def main(arguments: list[str]) -> int:
    """Print the table of docs/conformance-coverage.md."""
    known = pairs.adapters()
    words = [word for word in arguments if word != "--quick"]
    chosen = [pair for pair in pairs.named(words) if pair.quick or "--quick" not in arguments]
    missed, still = 0, []
    print("| bug | affected | mended | case, spelling | affected | mended | caught |")
    print("| --- | --- | --- | --- | --- | --- | :-: |")
    for pair in chosen:
        told = tell(pair, known)
        missed += not told.caught
        affected, mended = pair.releases
        case = f"`{pair.case}`" + (f", {pair.part}" if pair.part else "")
        outcomes = [told.problem or (one.outcome if one else "not tried") for one in (told.affected, told.mended)]
        sign = "✓" if told.caught else "✗"
        if others := told.still:
            still.append(f"- {mended if pair.instead is None else pair.instead}, `{pair.case}`: {', '.join(others)}")
        print(f"| {pair.name} | {affected} | {mended} | {case} | {outcomes[0]} | {outcomes[1]} | {sign} |", flush=True)
    print(f"\n{len(chosen) - missed} of {len(chosen)} caught")
    if still:
        print("\nMended, and failing the same case by other spellings:\n")
        print("\n".join(dict.fromkeys(still)))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
