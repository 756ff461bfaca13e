"""What there is to do next: commands to type, or keys while there is a watch."""

from learn.chapters import Chapter
from learn.checking import GRADED, Outcome
from learn.hints import LEVELS, next_level
from learn.learner import Learner
from learn.screens import Screen


def offer(
    screen: Screen, learner: Learner, chapter: Chapter, commands: list[str], keys: list[str]
) -> None:
    """What there is to do with a chapter."""
    level = next_level(learner.store.read().hints(chapter.id))
    screen.options(commands, keys, chapter=chapter.id, level=level, levels=LEVELS)


def offer_next(screen: Screen, learner: Learner) -> None:
    """What there is to do after a chapter that has passed."""
    following = learner.current()
    if following is None:
        screen.say("check.nothing_left", style="bold green")
        screen.options([], ["status", "quit"])
        return
    facts = {"chapter": following.id, "title": following.title}
    screen.options(["chapter"], ["next", "lesson", "status", "quit"], **facts)


def replays(outcome: Outcome) -> list[str]:
    """What there is to see of a failure: the request, or only what the app wrote."""
    if any(result.get("curl") for result in outcome.report.results):
        return ["replay"]
    return ["log"] if outcome.kind == GRADED and outcome.report.log else []
