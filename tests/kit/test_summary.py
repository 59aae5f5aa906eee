"""The summary of errors says which field each fault is of."""

from coordination.kit.forms import FormState
from coordination.kit.summary import name_faults
from coordination.kit.web import environment

PAGE = """
{{ ui.error_summary(form, labels={'nom': 'Nom de famille'}) }}
{{ ui.text(form, 'nom', 'Nom') }}
{{ ui.text(form, 'taille', 'Taille') }}
{{ ui.text(form, 'vers', 'À') }}
{{ ui.text(form, 'motif', ui.optional('Motif « <b> »')) }}
{{ ui.radios(form, 'vote', 'Que vous manque-t-il ?', [('a', 'Oui'), ('b', 'Non')]) }}
<fieldset class="person-row"><legend>Personne 2 <span class="muted">(enfant)</span></legend>
{{ ui.text(form, 'people-0-birth', 'Naissance') }}</fieldset>
"""


def test_each_fault_is_named_after_its_field_and_a_fault_of_no_field_is_no_link() -> None:
    faults = {"taille": "Taille : trop grande."} | dict.fromkeys(
        ("nom", "motif", "vers", "vote", "people-0-birth", "form"), "À remplir."
    )
    html = environment().from_string(PAGE).render(form=FormState({}, faults))
    said = name_faults(html).split("</ul>")[0].replace("\u00a0", " ")
    for name, called in (
        ("nom", "Nom de famille : "),
        ("motif", "Motif « &lt;b&gt; » : "),
        ("vers", "À : "),
        ("vote", "Que vous manque-t-il ? "),
        ("people-0-birth", "Personne 2 (enfant), Naissance : "),
    ):
        assert f'<a href="#f-{name}">{called}À remplir.</a>' in said
    assert '<a href="#f-taille">Taille : trop grande.</a>' in said, "a sentence that names it already is left as it is"
    assert "<li>À remplir.</li>" in said
