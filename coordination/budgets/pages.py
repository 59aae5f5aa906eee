"""Pages of budgets: typing one with its reste à vivre, validating it, reading it frozen."""

from fastapi import APIRouter

router = APIRouter(prefix="/foyers/{household_id}/budget")
