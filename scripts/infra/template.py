"""The SAM template: read, and transformed into plain CloudFormation as AWS's own transform does."""

import logging
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
REGION = "us-east-1"

logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of its own metrics


def read(path):
    """The template as it stands in the file."""
    return yaml_parse(path.read_text())


def transformed(path, parameters):
    """Plain CloudFormation: what `Transform: AWS::Serverless-2016-10-31` makes of the file."""
    template = read(path)
    if "Transform" not in template:
        return template
    session = boto3.session.Session(region_name=REGION)
    plain = Translator({}, Parser(), boto_session=session).translate(template, parameter_values=parameters)
    plain.pop("Transform", None)
    return plain


def templates():
    """Every CloudFormation template here."""
    return [INFRA / "template.yaml", *sorted((INFRA / "examples").rglob("*.yaml"))]
