"""Role × route, from one table: every route called by every kind of actor. A new route without its row fails."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from coordination.kit.db import acting
from coordination.main import ROOMS
from coordination.referrals import service as referrals
from coordination.referrals.rules import Domain
from tests.appointments.make import a_date, a_place, take
from tests.budgets.make import validated
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.imports.make import checked_list
from tests.sharing.make import agree

# Who calls, in the order of the columns: the holder's roles; a partner trusted with everything but the sensitive part;
# a partner of the network trusted with nothing; another network; nobody.
ACTORS = (
    "intake volunteer council coordinator dpo admin trusted stranger elsewhere nobody".split()  # noqa: SIM905
)

# 200 shown · 303 sent elsewhere (nobody: to sign in) · 403 not her role · 404 may not know · 422 let in, body refused.
# A POST is sent empty: 422 tells that every gate opened and that nothing was written.
MATRIX = """
GET  /connexion                                                 200 200 200 200 200 200 200 200 200 200
POST /connexion                                                 422 422 422 422 422 422 422 422 422 422
GET  /invitation/{token}                                        404 404 404 404 404 404 404 404 404 404
POST /invitation/{token}                                        404 404 404 404 404 404 404 404 404 404
GET  /aide                                                      200 200 200 200 200 200 200 200 200 200
GET  /simulateur                                                200 200 200 200 200 200 200 200 200 200
POST /simulateur                                                422 422 422 422 422 422 422 422 422 422
GET  /impact                                                    403 403 200 200 403 403 403 403 403 303
POST /impact                                                    403 403 422 422 403 403 403 403 403 303
POST /impact/version                                            403 403 422 422 403 403 403 403 403 303
GET  /chiffres                                                  200 403 403 200 403 200 200 200 200 303
GET  /chiffres/tableau.csv                                      200 403 403 200 403 200 200 200 200 303
GET  /confidentialite                                           200 200 200 200 200 200 200 200 200 200
GET  /                                                          200 200 200 200 200 200 200 200 200 303
GET  /moi                                                       200 200 200 200 200 200 200 200 200 303
POST /moi/mot-de-passe                                          422 422 422 422 422 422 422 422 422 303
GET  /droits                                                    200 200 200 200 200 200 200 200 200 303
POST /session/structure                                         303 303 303 303 303 303 303 303 303 303
GET  /comptes                                                   403 403 403 403 403 200 403 403 403 303
GET  /comptes/inviter                                           403 403 403 403 403 200 403 403 403 303
POST /comptes/inviter                                           403 403 403 403 403 422 403 403 403 303
POST /comptes/liens/{invitation_id}/annuler                     403 403 403 403 403 404 403 403 403 303
GET  /comptes/{membership_id}                                   403 403 403 403 403 200 403 403 403 303
POST /comptes/{membership_id}                                   403 403 403 403 403 422 403 403 403 303
POST /comptes/{unknown_membership}/suspendre                    403 403 403 403 403 404 403 403 403 303
POST /comptes/{unknown_membership}/retablir                     403 403 403 403 403 404 403 403 403 303
POST /comptes/{unknown_membership}/mot-de-passe                 403 403 403 403 403 404 403 403 403 303
GET  /journal                                                   403 403 403 403 200 403 403 403 403 303
GET  /journal/verification                                      403 403 403 403 200 403 403 403 403 303
GET  /foyers                                                    200 200 403 200 403 403 200 200 200 303
POST /foyers/recherche                                          200 200 403 200 403 403 200 200 200 303
GET  /foyers/nouveau                                            200 403 403 403 403 403 200 200 200 303
POST /foyers/nouveau                                            422 403 403 403 403 403 422 422 422 303
GET  /foyers/{household_id}                                     200 200 403 200 403 403 200 404 404 303
GET  /foyers/{household_id}/modifier                            200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/modifier                            422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/nouvelle                  200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/nouvelle                  422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/{person_id}               200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/{person_id}               422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/{person_id}/depart        200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/{person_id}/depart        422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/{person_id}/deces         200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/{person_id}/deces         422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/{person_id}/majorite      200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/{person_id}/majorite      422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/personnes/{person_id}/retour        200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/personnes/{person_id}/retour        422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/composition                         200 200 403 200 403 403 200 404 404 303
GET  /foyers/{household_id}/separation                          200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/separation                          422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/demenagement                        200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/demenagement                        422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/confier                             200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/confier                             422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/clore                               200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/clore                               422 403 403 403 403 403 403 404 404 303
GET  /imports                                                   200 403 403 403 403 403 200 200 200 303
GET  /imports/nouveau                                           200 403 403 403 403 403 200 200 200 303
POST /imports/nouveau                                           422 403 403 403 403 403 422 422 422 303
GET  /imports/{batch_id}                                        200 403 403 403 403 403 404 404 404 303
GET  /imports/{batch_id}/colonnes                               200 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/colonnes                               422 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/verifier                               409 403 403 403 403 403 404 404 404 303
GET  /imports/{batch_id}/a-corriger.csv                         200 403 403 403 403 403 404 404 404 303
GET  /imports/{batch_id}/lignes/{row_id}                        200 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/lignes/{row_id}                        422 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/laisser                                422 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/importer                               409 403 403 403 403 403 404 404 404 303
POST /imports/{batch_id}/annuler                                409 403 403 403 403 403 404 404 404 303
POST /imports/dossiers/{household_id}/complet                   404 403 403 403 403 403 403 404 404 303
POST /imports/{unknown_batch}/abandonner                        404 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/rouvrir                             422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/protection                          200 200 403 200 403 403 200 404 404 303
POST /foyers/{household_id}/protection                          422 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/protection/levee                    409 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/protection/designer                 422 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/protection/retirer                  422 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/protection/fermer                   422 422 403 422 403 403 422 404 404 303
POST /foyers/{household_id}/protection/rouvrir                  422 403 403 403 403 403 422 404 404 303
POST /foyers/{household_id}/protection/adresse                  422 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/protection/contact                  422 403 403 403 403 403 403 404 404 303
GET  /urgence                                                   200 403 403 403 403 403 200 200 200 303
POST /urgence                                                   422 403 403 403 403 403 403 403 422 303
GET  /ouvertures-urgentes                                       403 403 403 403 200 403 403 403 403 303
POST /ouvertures-urgentes/{unknown_opening}/lue                 403 403 403 403 404 403 403 403 403 303
GET  /foyers/{household_id}/reunir                              200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/reunir                              422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/reunir/{other_id}                   200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/reunir/{other_id}                   422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/reunions/{unknown_merge}            404 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/reunions/{unknown_merge}            404 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/partage                             200 200 403 200 403 403 200 404 404 303
GET  /foyers/{household_id}/accords/nouveau                     200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/accords/nouveau                     422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/accords/{agreement_id}              200 200 403 200 403 403 200 404 404 303
POST /foyers/{household_id}/accords/{agreement_id}/reponse     422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/accords/{agreement_id}/retirer      200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/accords/{unknown}/retirer           404 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/demandes/{unknown_request}/refuser  422 403 403 403 403 403 403 404 404 303
GET  /partages/a-revoir                                         200 403 403 403 403 403 200 200 200 303
POST /partages/{unknown_household}/garder                       404 403 403 403 403 403 404 404 404 303
POST /partages/{unknown_household}/rendre                       404 403 403 403 403 403 404 404 404 303
GET  /acces                                                     200 403 403 403 403 403 200 200 200 303
GET  /acces/demander                                            200 403 403 403 403 403 200 200 200 303
POST /acces/demander                                            422 403 403 403 403 403 422 422 422 303
GET  /foyers/{household_id}/budget/nouveau                      200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/budget/nouveau                      303 403 403 403 403 403 303 404 404 303
GET  /foyers/{household_id}/budget/{assessment_id}              200 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/calcul       422 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/enregistrer  422 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/budget/{assessment_id}/valider      200 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/valider      422 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/budget/{assessment_id}/decision/{code}  409 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/decision/{code}  409 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/budget/historique                   200 403 403 403 403 403 200 404 404 303
GET  /foyers/{household_id}/budget/{assessment_id}/et-si        200 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{validated}/et-si            422 403 403 403 403 403 422 404 404 303
POST /foyers/{household_id}/budget/{validated}/et-si/garder     422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/budget/{validated}/refaire          200 403 403 403 403 403 200 404 404 303
GET  /foyers/{household_id}/budget/{assessment_id}/droits       200 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/droits       409 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/budget/{assessment_id}/droits/besoin 422 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/besoins/nouveau                     200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/besoins/nouveau                     422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/besoins/{need_id}/orienter          200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/besoins/{need_id}/orienter          422 403 403 403 403 403 422 404 404 303
GET  /suivi/passer                                              200 403 403 403 403 403 200 200 200 303
POST /suivi/passer                                              422 403 403 403 403 403 422 422 422 303
GET  /foyers/{household_id}/chronologie                         200 200 403 200 403 403 200 404 404 303
GET  /foyers/{household_id}/suivi/note                          200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/note                          422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/suivi/notes/{note_id}               200 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/suivi/notes/{note_id}               422 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/suivi/contact                       200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/contact                       422 403 403 403 403 403 422 404 404 303
POST /foyers/{household_id}/suivi/contacts/{contact_id}/annuler 303 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/suivi/tache                         200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/tache                         422 403 403 403 403 403 422 404 404 303
POST /foyers/{household_id}/suivi/taches/{task_id}/faite        422 403 403 403 403 403 404 404 404 303
POST /foyers/{household_id}/suivi/taches/{task_id}/rouvrir      422 403 403 403 403 403 404 404 404 303
GET  /foyers/{household_id}/suivi/referent                      200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/referent                      422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/suivi/dette                         200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/dette                         422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/suivi/dettes/{debt_id}              200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/suivi/dettes/{debt_id}              422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/suivi/projet                        200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/projet                        422 403 403 403 403 403 422 404 404 303
GET  /foyers/{household_id}/suivi/projets/{goal_id}             200 403 403 403 403 403 403 404 404 303
POST /foyers/{household_id}/suivi/projets/{goal_id}             422 403 403 403 403 403 403 404 404 303
GET  /foyers/{household_id}/suivi/document                      200 403 403 403 403 403 200 404 404 303
POST /foyers/{household_id}/suivi/document                      422 403 403 403 403 403 422 404 404 303
GET  /lien/{token}                                              404 404 404 404 404 404 404 404 404 404
POST /lien/{token}                                              404 404 404 404 404 404 404 404 404 404
POST /lien/{token}/renouveler                                   404 404 404 404 404 404 404 404 404 404
GET  /rendez-vous                                               200 200 403 200 403 403 200 200 200 303
GET  /orientations/{referral_id}/rendez-vous                    200 200 403 200 403 403 200 404 404 303
POST /orientations/{referral_id}/rendez-vous                    422 422 403 422 403 403 422 404 404 303
GET  /rendez-vous/{appointment_id}/date                         200 200 403 200 403 403 200 404 404 303
POST /rendez-vous/{appointment_id}/date                         422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/confirmer                    422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/decliner                     422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/annuler                      422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/confier                      422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/venu                         422 422 403 422 403 403 422 404 404 303
POST /rendez-vous/{appointment_id}/absent                       422 422 403 422 403 403 422 404 404 303
GET  /rendez-vous/{appointment_id}/rendez-vous.ics              200 200 403 200 403 403 200 404 404 303
GET  /moi/agenda                                                200 200 403 200 403 403 200 200 200 303
POST /moi/agenda                                                200 200 403 200 403 403 200 200 200 303
POST /moi/agenda/retirer                                        303 303 409 303 409 409 303 303 303 303
GET  /agenda/{token}.ics                                        404 404 404 404 404 404 404 404 404 404
GET  /rendez-vous/lieux                                         200 403 403 200 403 200 200 200 200 303
POST /rendez-vous/lieux                                         422 403 403 422 403 422 422 422 422 303
GET  /rendez-vous/lieux/{place_id}                              200 403 403 200 403 200 404 404 404 303
POST /rendez-vous/lieux/{place_id}                              422 403 403 422 403 422 404 404 404 303
GET  /services                                                  200 200 200 200 200 200 200 200 200 303
GET  /services/nouveau                                          403 403 403 200 403 200 403 403 403 303
POST /services/nouveau                                          403 403 403 422 403 422 403 403 403 303
GET  /services/{service_id}                                     403 403 403 200 403 200 403 403 403 303
POST /services/{service_id}                                     403 403 403 422 403 422 403 403 403 303
GET  /avis                                                      200 200 200 200 200 200 200 200 200 303
GET  /avis/{notice_id}                                          404 404 404 404 404 404 404 404 404 303
POST /avis/lus                                                  303 303 303 303 303 303 303 303 303 303
GET  /avis/reglages                                             200 200 200 200 200 200 200 200 200 303
POST /avis/reglages                                             422 422 422 422 422 422 422 422 422 303
GET  /orientations                                              200 200 403 200 403 403 200 200 200 303
GET  /orientations/{referral_id}                                200 200 403 200 403 403 200 404 404 303
GET  /orientations/{referral_id}/fiche.pdf                      200 200 403 200 403 403 200 404 404 303
POST /orientations/{referral_id}/feuille.pdf                    200 200 403 200 403 403 200 404 404 303
GET  /orientations/tableau                                      200 200 403 200 403 403 200 200 200 303
POST /orientations/lot                                          422 422 403 422 403 403 422 422 422 303
GET  /orientations/passer                                       200 200 403 200 403 403 200 200 200 303
POST /orientations/passer                                       422 422 403 422 403 403 422 422 422 303
POST /orientations/vues                                         422 422 403 422 403 403 422 422 422 303
POST /orientations/vues/{unknown_view}/retirer                  404 404 403 404 403 403 404 404 404 303
POST /orientations/{referral_id}/confier                        303 303 403 303 403 403 303 404 404 303
GET  /disponibilite                                             200 403 403 200 403 200 200 200 200 303
POST /disponibilite                                             422 403 403 422 403 422 422 422 422 303
POST /orientations/{referral_id}/accepter                       422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/recevoir                       422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/preciser                       422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/refuser                        422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/commencer                      422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/suspendre                      422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/reprendre                      422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/clore                          422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/repondre                       422 403 403 403 403 403 422 404 404 303
POST /orientations/{referral_id}/rouvrir                        422 403 403 403 403 403 422 404 404 303
POST /orientations/{referral_id}/annuler                        422 403 403 403 403 403 422 404 404 303
POST /orientations/{referral_id}/autres                         422 403 403 403 403 403 422 404 404 303
POST /orientations/{referral_id}/reorienter                     422 403 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/classer                        422 403 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/defaire                        422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/message                        422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/note                           422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/expliquer                      422 422 403 422 403 403 422 404 404 303
GET  /orientations/{referral_id}/confirmation                   200 200 403 200 403 403 200 404 404 303
POST /orientations/{referral_id}/confirmation                   422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/confirmation/non-joint         422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/confirmation/rappele           422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/confirmation/papier            422 422 403 422 403 403 422 404 404 303
POST /orientations/{referral_id}/confirmation/annuler-liens     303 303 403 303 403 403 303 404 404 303
GET  /reponse/{token}                                           404 404 404 404 404 404 404 404 404 404
POST /reponse/{token}                                           404 404 404 404 404 404 404 404 404 404
POST /moi/deconnexion-partout                                   303 303 303 303 303 303 303 303 303 303
POST /deconnexion                                               303 303 303 303 303 303 303 303 303 303
"""
NAMES = {
    "{unknown_batch}": "{batch_id}",
    "{validated}": "{assessment_id}",
    "{unknown_request}": "{request_id}",
    "{unknown_merge}": "{merge_id}",
    "{unknown_household}": "{household_id}",
    "{unknown_opening}": "{opening_id}",
    "{unknown_membership}": "{membership_id}",
    "{unknown_view}": "{view_id}",
    "{unknown}": "{agreement_id}",
}
ENDS_A_SESSION = ("/moi/deconnexion-partout", "/deconnexion")


@dataclass(frozen=True)
class Row:
    """One route, and what each actor is answered."""

    method: str
    path: str
    expected: dict[str, int]

    @property
    def declared(self) -> tuple[str, str]:
        path = self.path
        for shown, name in NAMES.items():
            path = path.replace(shown, name)
        return self.method, path


def rows() -> list[Row]:
    found = []
    for line in MATRIX.strip().splitlines():
        method, path, *answers = line.split()
        found.append(Row(method, path, dict(zip(ACTORS, map(int, answers), strict=True))))
    return found


def test_every_route_has_its_row() -> None:
    declared = {
        (method, route.path)
        for room in ROOMS
        for route in room.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert declared == {row.declared for row in rows()}


@dataclass(frozen=True)
class World:
    """The browsers of every actor, and what stands in the addresses."""

    browsers: dict[str, Browser]
    places: dict[str, UUID | str]
    emails: dict[str, str]
    make: Callable[[], Browser]


@pytest.fixture(scope="module")
def world(cast: Cast, browser: Callable[[], Browser]) -> World:
    worker = cast.ccas.people["intake"]
    household_id, other_id = open_household(cast.engine, worker), open_household(cast.engine, worker)
    parts = ("identity", "budget", "needs")
    agreement_id = agree(cast.engine, worker, household_id, [cast.epicerie], parts=parts)
    with acting(cast.engine, worker) as session:
        need = referrals.add_need(session, household_id, Domain.HOUSING, "Loyer impayé")
    with acting(cast.engine, worker) as session:
        referral = referrals.send_referral(session, need.id, cast.epicerie.id)
    with acting(cast.engine, worker) as session:
        person_id = session.rows("select id from person where household_id = :id", id=household_id)[0].id
    appointment_id, place_id = take(cast.engine, worker, referral.id, a_date(5)).id, a_place(cast.engine, worker)
    note_id = write(cast.engine, worker, household_id)
    task_id = give(cast.engine, worker, household_id)
    debt_id, goal_id = owe(cast.engine, worker, household_id), hope(cast.engine, worker, household_id)
    batch_id, row_id = checked_list(cast.engine, worker)
    past = validated(cast.engine, worker, household_id)
    emails = {role: cast.ccas.emails[role] for role in ACTORS[:6]} | {
        "trusted": cast.epicerie.emails["intake"],
        "stranger": cast.bonne_action.emails["intake"],
        "elsewhere": cast.elsewhere.emails["intake"],
    }
    browsers = {actor: browser().sign_in(email, PASSWORD) for actor, email in emails.items()}
    browsers["nobody"] = browser()
    draft = browsers["intake"].post(f"/foyers/{household_id}/budget/nouveau", data={"reference_date": "21/11/2026"})
    places = {
        "token": uuid4(),
        "service_id": outside(cast.engine, cast.ccas.people["coordinator"]),
        "validated": past,
        "code": "ccas-carvin",
        "assessment_id": UUID(draft.headers["location"].rsplit("/", 1)[-1]),
        "household_id": household_id,
        "person_id": person_id,
        "agreement_id": agreement_id,
        "need_id": need.id,
        "referral_id": referral.id,
        "appointment_id": appointment_id,
        "notice_id": uuid4(),
        "place_id": place_id,
        "note_id": note_id,
        "task_id": task_id,
        "contact_id": meet(cast.engine, worker, household_id),
        "debt_id": debt_id,
        "goal_id": goal_id,
        "batch_id": batch_id,
        "row_id": row_id,
        "unknown_batch": uuid4(),
        "gone": uuid4(),
        "membership_id": cast.ccas.people["volunteer"].membership_id,
        "invitation_id": uuid4(),
        "other_id": other_id,
        "unknown_merge": uuid4(),
        "unknown": uuid4(),
        "unknown_request": uuid4(),
        "unknown_household": uuid4(),
        "unknown_opening": uuid4(),
        "unknown_membership": uuid4(),
        "unknown_view": uuid4(),
    }
    return World(browsers, places, emails, browser)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_each_actor_is_answered_as_the_table_says(world: World, row: Row) -> None:
    path = row.path.format(**world.places)
    answered = {}
    for actor in ACTORS:
        client = world.browsers[actor]
        if row.path in ENDS_A_SESSION and actor != "nobody":
            client = world.make().sign_in(world.emails[actor], PASSWORD)
        answer = client.request(row.method, path)
        answered[actor] = answer.status_code
        if actor == "nobody" and answer.status_code == 303 and row.path not in ENDS_A_SESSION:
            assert answer.headers["location"].startswith("/connexion"), row
        assert "Traceback" not in answer.text
    assert answered == row.expected
