"""`learn reset` and `learn jump`: what replaces files of the learner's, and keeps them first."""

from learn.chapters import Chapter
from learn.hints import typed_line
from learn.learner import Learner, LearnError
from learn.messages import text
from learn.screens import Screen
from learn.showing import introduce
from learn.verbs import begin_with


def reset(screen: Screen, learner: Learner, chapter: Chapter, yes: bool) -> int:
    """Put the starter back, after asking."""
    demand_closed(learner)
    starter = learner.starter(chapter)
    if not starter:
        screen.say("reset.nothing", chapter=chapter.id)
        return 0
    demand_yes(screen, yes, text("reset.ask", files=", ".join(starter)))
    backup = learner.back_up(list(starter))
    learner.put(starter)
    with learner.store.change() as progress:
        progress.forget(chapter.id, "jumped")
    for name in starter:
        screen.say("reset.done", file=name)
    screen.say("reset.backup", folder=backup)
    begin_with(screen, learner, chapter)
    return 0


def jump(screen: Screen, learner: Learner, chapter: Chapter, yes: bool) -> int:
    """Have every earlier chapter solved, and take this one as the current one."""
    demand_closed(learner)
    at = learner.chapters.index(chapter)
    progress = learner.store.read()
    skipped = [c for c in learner.chapters[:at] if not progress.is_passed(c.id)]
    files = {name: source for c in skipped for name, source in learner.solution(c).items()}
    changed = {n: s for n, s in files.items() if not same(learner, n, s)}
    if changed:
        demand_yes(screen, yes, text("jump.ask", chapter=chapter.id, files=", ".join(changed)))
        screen.say("reset.backup", folder=learner.back_up(list(changed)))
        learner.put(changed)
    with learner.store.change() as progress:
        for earlier in skipped:
            progress.note(earlier.id, "jumped")
        progress.forget(chapter.id, "jumped")
        progress.current = chapter.id
    for earlier in skipped:
        screen.say("jump.solved", chapter=earlier.id, title=earlier.title)
    introduce(screen, learner, chapter)
    begin_with(screen, learner, chapter)
    return 0


def demand_closed(learner: Learner) -> None:
    """In an open project the app is the only copy of the solution."""
    if learner.is_open:
        raise LearnError("open.refused")


def demand_yes(screen: Screen, yes: bool, question: str) -> None:
    """Ask, unless it was answered on the command line; anything but yes changes nothing."""
    if yes:
        return
    screen.line(question)
    typed = typed_line(text("reset.prompt")) or ""
    if typed.strip().lower() not in ("y", "yes"):
        raise LearnError("reset.kept", 1)


def same(learner: Learner, name: str, source: str) -> bool:
    """Tell whether a file of the learner's has this text already."""
    try:
        return (learner.project / name).read_text("utf-8") == source
    except (OSError, UnicodeDecodeError):
        return False
