"""What a person may send about estimated rights."""

from coordination.kit.forms import Form
from coordination.rights.rules import Benefit


class NeedForm(Form):
    """The right that becomes a need."""

    benefit: Benefit
