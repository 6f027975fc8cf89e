"""What was looked at, what was found, and what could not be looked at."""


class Damaged(Exception):
    """Something that was read is not what FORMAT.md says it is."""


class Report:
    """Collects lines. The verdict follows from them: whatever was not compared is never called equal."""

    def __init__(self):
        self.findings = []
        self.gaps = []

    def heading(self, text):
        print(f"\n{text}")

    def checked(self, text):
        print(f"  holds         {text}")

    def finding(self, text):
        self.findings.append(text)
        print(f"  FINDING       {text}")

    def unverified(self, text):
        """Without this, nobody may say that the hand-over holds."""
        self.gaps.append(text)
        print(f"  unverified    {text}")

    def not_checked(self, text):
        """Nothing that the verdict rests on; said all the same."""
        print(f"  not checked   {text}")

    def check(self, holds, text, otherwise=None):
        """One question with two answers; gives whether it holds."""
        if holds:
            self.checked(text)
        else:
            self.finding(otherwise or f"not so: {text}")
        return holds

    def verdict(self):
        """The verdict's word, and the exit code: 0 holds, 1 does not, 2 nobody can tell."""
        if self.findings:
            return "does not hold", 1
        return ("unverified", 2) if self.gaps else ("holds", 0)
