"""What a member may send about her notices."""

from coordination.kit.forms import Form
from coordination.notices.rules import When


class PreferenceForm(Form):
    """How she wants her mail."""

    mail: When
