"""Every sentence that Kowal says in a chat, in English and Polish: calm, short, honest."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["en", "pl"]


class Phrase(NamedTuple):
    """One sentence. Both have the same placeholders; whoever fills them has made them safe (`marking.py`)."""

    en: str
    pl: str


WORKING = {
    "queued": Phrase("Queued …", "Czekam na swoją kolej …"),
    "looking": Phrase("Looking …", "Szukam …"),
    "found": Phrase("Found `{name}` {version}", "Jest `{name}` {version}"),
    "none_fits": Phrase("Nothing here does that yet", "Nic tu jeszcze tego nie robi"),
    "unclear": Phrase("Several functions may be meant", "Może chodzić o kilka funkcji"),
    "specifying": Phrase("Writing the specification …", "Piszę specyfikację …"),
    "specified": Phrase("Specified: {signature}", "Specyfikacja: {signature}"),
    "writing_tests": Phrase("Writing tests …", "Piszę testy …"),
    "tests_written": Phrase("Tests: {total}, kept back: {hidden}", "Testy: {total}, w tym ukryte: {hidden}"),
    "candidates": Phrase(
        "Candidates: {tried} of {of} tried, {passed} passed …", "Kandydaci: {tried} z {of}, przeszło: {passed} …"
    ),
    "agree": Phrase("{agree} of {of} candidates agree", "Zgodni kandydaci: {agree} z {of}"),
    "replayed": Phrase(
        "Earlier calls made again: {calls}, answered otherwise: {different}",
        "Powtórzone wcześniejsze wywołania: {calls}, inna odpowiedź: {different}",
    ),
    "twin": Phrase(
        "`{name}` {version} does the same already, and serves", "`{name}` {version} robi to samo i zostaje użyta"
    ),
    "let_in": Phrase("Made `{name}` {version}", "Powstała `{name}` {version}"),
    "in_production": Phrase("`{name}` {version} is in production", "`{name}` {version} jest w produkcji"),
    "taken_out": Phrase("`{name}` {version} was taken out of use", "`{name}` {version} wycofano z użycia"),
    "of_task": Phrase("task {task}", "zadanie {task}"),
    "on_trial": Phrase("`{name}` {version} is on trial", "`{name}` {version} jest na próbie"),
    "waits_for_approval": Phrase(
        "`{name}` {version} waits for an approval", "`{name}` {version} czeka na zatwierdzenie"
    ),
    "ran": Phrase("Ran `{name}` {version}, {took}", "Uruchomiono `{name}` {version}, {took}"),
    "barred": Phrase(
        "`{name}` asked for what it may not have: {asked}", "`{name}` chciała tego, czego jej nie wolno: {asked}"
    ),
    "put_off": Phrase("Put off: {reason}. I try again by myself …", "Odłożone: {reason}. Sam spróbuję ponownie …"),
    "waiting": Phrase("Waiting for an answer", "Czekam na odpowiedź"),
    "goes_on": Phrase("Going on …", "Pracuję dalej …"),
    "stopping": Phrase("Stopping …", "Przerywam …"),
    "is_done": Phrase("Done", "Gotowe"),
    "is_failed": Phrase("It did not work", "Nie udało się"),
    "is_cancelled": Phrase("Cancelled", "Anulowane"),
}
"""What the one message says that grows while a task is worked on."""

ANSWERS = {
    "made": Phrase("**{name}** {version} is there ({status})", "**{name}** {version} jest gotowa ({status})"),
    "nothing": Phrase("no value", "brak wartości"),
    "status_testing": Phrase("not approved yet", "jeszcze nie zatwierdzona"),
    "status_approved": Phrase("approved, not in production", "zatwierdzona, nie w produkcji"),
    "status_canary": Phrase("on trial", "na próbie"),
    "status_production": Phrase("in production", "w produkcji"),
    "status_quarantined": Phrase("taken out of use", "wycofana"),
    "first_rows": Phrase("rows shown: {shown} of {total}; all: {file}", "wiersze: {shown} z {total}; całość: {file}"),
    "first_signs": Phrase("only the beginning; all: {file}", "tylko początek; całość: {file}"),
    "cut_cells": Phrase("long cells are cut; whole: {file}", "długie komórki są ucięte; całość: {file}"),
    "left": Phrase("files: {files}", "pliki: {files}"),
    "verified": Phrase("verified: {evidence}", "sprawdzone: {evidence}"),
    "tests": Phrase("{count} tests", "testy: {count}"),
    "mutants": Phrase("{killed}/{judged} mutants", "mutanty: {killed}/{judged}"),
    "implementations": Phrase("{count} independent implementations", "niezależne implementacje: {count}"),
    "sandboxes": Phrase("{count} sandboxes", "piaskownice: {count}"),
    "reached": Phrase("reached {reached}", "użyto: {reached}"),
    "unpriced": Phrase("requests of unknown price: {count}", "zapytania o nieznanej cenie: {count}"),
    "show_more": Phrase("`show {name}`", "`pokaż {name}`"),
    "right_thanks": Phrase("Noted: that was right.", "Zapisane: było dobrze."),
    "wrong_thanks": Phrase("Noted: that was wrong.", "Zapisane: było źle."),
    "wrong_meant": Phrase("Noted: that was wrong, `{name}` was meant.", "Zapisane: było źle, chodziło o `{name}`."),
    "nothing_to_judge": Phrase(
        "There is no answer here yet to be right or wrong.", "Nie ma tu jeszcze odpowiedzi do oceny."
    ),
}
"""What an answer says beside its value."""

ASKING = {
    "which": Phrase("Which one is meant?", "O którą funkcję chodzi?"),
    "which_how": Phrase(
        "Say its number or its name, or `none`: then I make one.",
        "Podaj numer albo nazwę, albo `żadna`: wtedy zrobię nową.",
    ),
    "missing": Phrase("I need {names}.", "Potrzebuję: {names}."),
    "missing_one_how": Phrase(
        "Say it here: your whole next message is taken for it. A file works, too.",
        "Napisz to tutaj: wezmę całą następną wiadomość. Może być też plik.",
    ),
    "missing_some_how": Phrase("Say each on a line of its own:", "Każdy w osobnym wierszu:"),
    "question": Phrase("For {call}: what must `{name}` give?", "Dla {call}: co ma dać `{name}`?"),
    "no_arguments": Phrase("no arguments", "braku argumentów"),
    "by_candidates": Phrase("candidates: {count}", "kandydaci: {count}"),
    "by_test": Phrase("a test", "test"),
    "an_error": Phrase("an error", "błąd"),
    "question_how": Phrase(
        "Answer with a number, with the right value as JSON after `=`, or with `error`.",
        "Odpowiedz numerem, właściwą wartością jako JSON po `=` albo słowem `błąd`.",
    ),
    "no_answer": Phrase("I cannot read that as an answer.", "Nie umiem odczytać tego jako odpowiedzi."),
}
"""What people are asked."""

APPROVALS = {
    "to_promote": Phrase("**{name}** {version} wants to go into production", "**{name}** {version} chce do produkcji"),
    "to_roll_back": Phrase(
        "**{name}** shall go back to {version} in production", "**{name}** ma wrócić w produkcji do {version}"
    ),
    "instead_of": Phrase("instead of {version}", "zamiast {version}"),
    "does": Phrase("does: {text}", "robi: {text}"),
    "signature": Phrase("signature: {text}", "sygnatura: {text}"),
    "example": Phrase("for example: {text}", "na przykład: {text}"),
    "may_reach": Phrase("may reach: {text}", "dostęp: {text}"),
    "reaches_nothing": Phrase("nothing", "do niczego"),
    "packages": Phrase("packages: {text}", "pakiety: {text}"),
    "no_packages": Phrase("none", "żadne"),
    "asks_for": Phrase("asks you for: {text}", "prosi Cię o: {text}"),
    "evidence": Phrase("evidence: {text}", "dowody: {text}"),
    "no_evidence": Phrase("none is kept", "żadnych nie zapisano"),
    "changed_answers": Phrase("answers that change: {count}", "odpowiedzi, które się zmienią: {count}"),
    "and_more": Phrase("and {count} more", "i jeszcze {count}"),
    "nearly": Phrase(
        "`{name}` {version} does the same on {agree} of {of} inputs",
        "`{name}` {version} robi to samo dla {agree} z {of} danych",
    ),
    "signed_by_merging": Phrase(
        "It waits to be signed, which is done by merging its merge request: {where}",
        "Czeka na podpis, a podpisuje się, scalając jej merge request: {where}",
    ),
    "rollback_proposed": Phrase(
        "`{name}` {version} is back once somebody merges `{branch}` into `production`. A merge request is opened.",
        "`{name}` {version} wróci, gdy ktoś scali `{branch}` do `production`: powstanie na to merge request.",
    ),
    "digest": Phrase("signed is exactly {digest}", "podpisujesz dokładnie {digest}"),
    "code": Phrase("code:", "kod:"),
    "changes": Phrase("changes since {version}:", "zmiany od {version}:"),
    "in_file": Phrase("in the file {file}", "w pliku {file}"),
    "budget": Phrase(
        "The task needs more than the budget `{kind}` allows. 👍 allows once more as much, 👎 ends the task; "
        "expires in {days} days.",
        "Zadanie potrzebuje więcej, niż pozwala budżet `{kind}`. 👍 pozwala jeszcze raz na tyle samo, 👎 kończy "
        "zadanie; ważne {days} dni.",
    ),
    "thumbs": Phrase(
        "👍 to approve, 👎 to reject, expires in {days} days", "👍 zatwierdza, 👎 odrzuca, ważne {days} dni"
    ),
    "other_thread": Phrase("another thread", "innym wątku"),
    "serves_already": Phrase("`{name}` {version} serves already.", "`{name}` {version} już służy."),
    "approved": Phrase("Approved by {by}: `{name}` {version}", "Zatwierdzone przez {by}: `{name}` {version}"),
    "rejected": Phrase("Rejected by {by}.", "Odrzucone przez {by}."),
    "expired": Phrase("Expired: nobody approved it in time.", "Wygasło: nikt nie zatwierdził na czas."),
    "asked_elsewhere": Phrase("An approval is asked for in {room}.", "O zatwierdzenie poproszono w {room}."),
    "overtaken": Phrase(
        "That is no longer what would be signed: it has changed since.",
        "To już nie to, co byłoby podpisane: od tego czasu się zmieniło.",
    ),
}
"""What whoever signs is shown, and what came of it."""

REFUSALS = {
    "not_permitted_to_ask": Phrase(
        "I may not take tasks from you here. {who} may ask.", "Nie mogę przyjmować tu od Ciebie zadań. Może: {who}."
    ),
    "not_permitted_to_create": Phrase(
        "Nothing here does that, and I may not make functions for you. {who} may ask for that.",
        "Nic tu tego nie robi, a nie mogę tworzyć funkcji na Twoją prośbę. Może o to poprosić: {who}.",
    ),
    "not_permitted_to_approve": Phrase(
        "You may not approve this. {who} may.", "Nie możesz tego zatwierdzić. Może: {who}."
    ),
    "too_many_requests": Phrase(
        "That is the limit of {limit} tasks in {minutes} minutes. Try again in {seconds} s.",
        "To limit: {limit} zadań na {minutes} min. Spróbuj ponownie za {seconds} s.",
    ),
    "room_not_served": Phrase("I do not work in this room.", "W tym pokoju nie pracuję."),
    "nothing_waits": Phrase("Nothing here waits for your word.", "Nic tu nie czeka na Twoje słowo."),
    "nothing_to_cancel": Phrase("Nothing of yours is under way here.", "Nic Twojego nie jest tu w toku."),
}
"""Why something is not done."""

ERRORS = {
    "failed": Phrase("✗ {message}", "✗ {message}"),
    "kept": Phrase("kept: {kept}", "zachowano: {kept}"),
    "next": Phrase("next: {advice}", "dalej: {advice}"),
    "advice": Phrase("say it again in other words, or `help`.", "powiedz to innymi słowami albo `pomoc`."),
    "advice_again": Phrase("say it again in a while.", "powiedz to ponownie za jakiś czas."),
    "advice_operator": Phrase(
        "whoever runs Kowal here can look with `kowal doctor`.",
        "kto prowadzi tu Kowala, może zajrzeć do `kowal doctor`.",
    ),
    "advice_BadTask": Phrase(
        "say in a sentence what should be done, and attach data as a file.",
        "napisz zdaniem, co zrobić, a dane dołącz jako plik.",
    ),
    "advice_BadArguments": Phrase(
        "`show NAME` shows what the function takes.", "`pokaż NAZWA` pokaże, co funkcja przyjmuje."
    ),
    "advice_NoFunctionFits": Phrase(
        "whoever runs Kowal here can see why no model could be asked.",
        "kto prowadzi tu Kowala, może sprawdzić, czemu nie było kogo zapytać o nową funkcję.",
    ),
    "advice_NotGranted": Phrase(
        "somebody with the right can `approve` it.", "może to zatwierdzić (`zatwierdź`) osoba z uprawnieniem."
    ),
    "advice_NotPermitted": Phrase("ask somebody who may.", "poproś kogoś, kto może."),
    "advice_TaskNotDone": Phrase("`status` shows where it stands.", "`stan` pokaże, na czym stoi."),
    "advice_Unclear": Phrase(
        "say the name of the one you mean, or say it in other words.",
        "podaj nazwę tej, o którą chodzi, albo powiedz to innymi słowami.",
    ),
    "advice_NotPromoted": Phrase(
        "say it more exactly, with an example of what should come out.",
        "powiedz to dokładniej, z przykładem wyniku.",
    ),
    "advice_Undecided": Phrase(
        "answer the question, or say it more exactly.", "odpowiedz na pytanie albo powiedz to dokładniej."
    ),
    "advice_RunFailed": Phrase(
        "check the data, or have it made better: `enhance NAME: …`.",
        "sprawdź dane albo każ ją poprawić: `ulepsz NAZWA: …`.",
    ),
    "advice_BudgetExceeded": Phrase(
        "whoever runs Kowal here can allow more.", "kto prowadzi tu Kowala, może pozwolić na więcej."
    ),
    "advice_UnknownFunction": Phrase("`functions` lists them.", "`funkcje` pokaże, jakie są."),
    "advice_UnknownVersion": Phrase("`history NAME` shows its versions.", "`historia NAZWA` pokaże jej wersje."),
    "advice_UnknownTask": Phrase("`status` shows your tasks.", "`stan` pokaże Twoje zadania."),
    "advice_AlreadyAnswered": Phrase("the first answer holds.", "obowiązuje pierwsza odpowiedź."),
    "advice_InvalidTransition": Phrase(
        "`history NAME` shows how it came there.", "`historia NAZWA` pokaże, jak do tego doszło."
    ),
}
"""What happened, what was kept, what to do: `advice_` and an error's type, where it has more to say than `advice`."""

INQUIRIES = {
    "help": Phrase(
        "Say what should be done, attach files if there are any. I look for a function that does it, or make one and "
        "prove it, and answer here.\n"
        "`functions WORDS` – what there is\n"
        "`show NAME` – what it does, what it may reach, what speaks for it\n"
        "`history NAME` – its versions, and who approved them\n"
        "`enhance NAME: what should be better` – a new version\n"
        "`rollback NAME 1.0.0` – back to an earlier one\n"
        "`status`, `cancel` – your tasks\n"
        "`approve`, `reject WHY` – as 👍 and 👎 do\n"
        "`right`, `wrong`, `wrong, should be NAME` – about the last answer\n"
        "All else is a task.",
        "Napisz, co zrobić, w razie potrzeby dołącz pliki. Poszukam funkcji, która to robi, albo zrobię ją i "
        "sprawdzę, i odpowiem tutaj.\n"
        "`funkcje SŁOWA` – co jest\n"
        "`pokaż NAZWA` – co robi, do czego ma dostęp, co za nią przemawia\n"
        "`historia NAZWA` – jej wersje i kto je zatwierdził\n"
        "`ulepsz NAZWA: co ma być lepiej` – nowa wersja\n"
        "`cofnij NAZWA 1.0.0` – z powrotem do wcześniejszej\n"
        "`stan`, `anuluj` – Twoje zadania\n"
        "`zatwierdź`, `odrzuć: DLACZEGO` – jak 👍 i 👎\n"
        "`dobrze`, `źle`, `źle, powinno być NAZWA` – o ostatniej odpowiedzi\n"
        "Wszystko inne to zadanie.",
    ),
    "functions": Phrase("Functions: {count}", "Funkcje: {count}"),
    "no_functions": Phrase("No function fits these words.", "Żadna funkcja nie pasuje do tych słów."),
    "more": Phrase(
        "and {count} more: name them with `functions WORDS`", "i jeszcze {count}: zawęź przez `funkcje SŁOWA`"
    ),
    "versions": Phrase("versions: {text}", "wersje: {text}"),
    "approved_by": Phrase("approved by: {by}, {when}", "zatwierdzone przez: {by}, {when}"),
    "nobody_approved": Phrase("approved by: nobody yet", "zatwierdzone przez: jeszcze nikogo"),
    "success": Phrase("success: {good} of {calls} distinct calls", "powodzenie: {good} z {calls} różnych wywołań"),
    "success_bound": Phrase("at least {share} % ({sure} % sure)", "co najmniej {share} % (na {sure} %)"),
    "no_calls": Phrase("success: no calls yet", "powodzenie: jeszcze bez wywołań"),
    "history": Phrase("History of `{name}`:", "Historia `{name}`:"),
    "older": Phrase("and {count} earlier", "i {count} wcześniejszych"),
    "no_tasks": Phrase("You have no open tasks.", "Nie masz otwartych zadań."),
    "tasks": Phrase("Your open tasks:", "Twoje otwarte zadania:"),
    "state_queued": Phrase("queued", "w kolejce"),
    "state_working": Phrase("worked on", "w toku"),
    "state_waiting": Phrase("waiting", "czeka"),
    "state_parked": Phrase("put off", "odłożone"),
    "state_done": Phrase("done", "gotowe"),
    "state_failed": Phrase("failed", "nie udało się"),
    "state_cancelled": Phrase("cancelled", "anulowane"),
    "state_dead": Phrase("given up", "porzucone"),
    "waits_question": Phrase("for an answer in its thread", "na odpowiedź w swoim wątku"),
    "waits_which": Phrase("for which function is meant", "na wybór funkcji"),
    "waits_arguments": Phrase("for what is missing", "na brakujące dane"),
    "waits_approval": Phrase("for an approval", "na zatwierdzenie"),
    "waits_budget": Phrase("for somebody to allow more", "na zgodę na więcej"),
    "waits_task": Phrase("for another task", "na inne zadanie"),
    "task": Phrase("Task {task}: {state}", "Zadanie {task}: {state}"),
    "task_asked": Phrase("asked {when}: {text}", "z {when}: {text}"),
}
"""What is told to those who ask about functions and tasks."""

REVIEWS = {
    "review_title": Phrase("Let in `{name}` {digest}", "Przyjąć `{name}` {digest}"),
    "review_title_back": Phrase("Bring back `{name}` {version}", "Przywrócić `{name}` {version}"),
    "review_title_pipeline": Phrase("Verify what merge requests change", "Sprawdzać, co zmieniają merge requesty"),
    "review_pipeline": Phrase(
        "`main` takes no pushes of mine, so this asks for it: a job that runs `kowal verify` on what a merge request "
        "changes. Close it to go without.",
        "Nie mogę pisać do `main`, więc proszę tutaj: zadanie, które uruchamia `kowal verify` na tym, co zmienia merge "
        "request. Zamknij, jeśli ma go nie być.",
    ),
    "review_how": Phrase(
        "Merging this puts `{name}` into production, closing it says no; it expires in {days} days. May be signed by: "
        "{who}. Signed is exactly {digest}: after any change nothing is promoted.",
        "Scalenie wprowadza `{name}` do produkcji, zamknięcie odmawia. Wygasa za {days} dni. Podpisać może: {who}. "
        "Podpisujesz dokładnie {digest}: po zmianie nic nie wejdzie do produkcji.",
    ),
    "review_how_back": Phrase(
        "Merging this brings `{name}` {version} back into production, in the place of {before}; closing it says no. "
        "It expires in {days} days. Whoever may sign: {who}.",
        "Scalenie przywraca `{name}` {version} do produkcji w miejsce {before}, zamknięcie odmawia. Wygasa za {days} "
        "dni. Podpisać może: {who}.",
    ),
    "review_behaviour": Phrase("What changes in behaviour", "Co zmieni się w działaniu"),
    "review_nothing_changes": Phrase(
        "Recorded calls made again: {calls}. None is answered otherwise than by {version}.",
        "Powtórzone zapisane wywołania: {calls}. Na każde odpowiedź jest ta sama co w {version}.",
    ),
    "review_differences": Phrase("given | before | now", "dane | przedtem | teraz"),
    "review_about": Phrase("What it is", "Co to jest"),
    "review_verdict": Phrase("Verdict", "Werdykt"),
    "review_checks": Phrase("check | passed | what was seen", "sprawdzian | przeszła | co się okazało"),
    "review_answers": Phrase("Questions that were answered", "Pytania, na które padła odpowiedź"),
    "review_task": Phrase("asked for: {text}", "zlecenie: {text}"),
    "review_near": Phrase("Nearly the same", "Niemal to samo"),
    "review_not_permitted": Phrase(
        "Merged by {by}, who may not sign here: nothing is promoted. Who may: {who}. At the terminal "
        "somebody may still say `kowal functions approve {name} {digest}`.",
        "Scalone przez {by}, kto nie może tu podpisywać: nic nie wchodzi do produkcji. Może: {who}. Przy "
        "terminalu można jeszcze powiedzieć `kowal functions approve {name} {digest}`.",
    ),
    "review_back_not_permitted": Phrase(
        "Merged by {by}, who may not sign here, and in force, since `production` has it. Who may: {who}. Protect the "
        "branch to have others not merge into it.",
        "Scalone przez {by}, kto nie może tu podpisywać, i działa, skoro jest w `production`. Może: {who}. Ochroń "
        "gałąź, żeby inni nie mogli do niej scalać.",
    ),
    "review_changed": Phrase(
        "This is not what was proposed: signed is {digest}, and the branch holds something else. It is not promoted.",
        "To nie jest to, co proponowano: podpisuje się {digest}, a w gałęzi jest co innego. Nie wejdzie do produkcji.",
    ),
    "review_expired": Phrase("Expired: nobody merged it in time.", "Wygasło: nikt nie scalił na czas."),
    "review_overtaken": Phrase("Decided elsewhere: it is {status}.", "Rozstrzygnięto gdzie indziej: {status}."),
    "review_held_up": Phrase(
        "Merged by {by}, and not in production yet: {why} It goes on by itself once that is mended.",
        "Scalone przez {by}, ale jeszcze nie w produkcji: {why} Gdy to zniknie, pójdzie dalej samo.",
    ),
    "review_done": Phrase(
        "`{name}` {version} is in production, signed by {by}.", "`{name}` {version} w produkcji, podpis: {by}."
    ),
}
"""What merge requests say."""

PHRASES: Mapping[str, Phrase] = WORKING | ANSWERS | ASKING | APPROVALS | REFUSALS | ERRORS | INQUIRIES | REVIEWS


def say(key: str, language: Language, **facts: object) -> str:
    """The sentence, its placeholders filled. Raises `KeyError` for an unknown one, or a placeholder left empty."""
    phrase = PHRASES[key]
    return (phrase.pl if language == "pl" else phrase.en).format(**facts)


def language_named(name: str) -> Language:
    """The language of that name; English for any other."""
    return "pl" if name == "pl" else "en"
