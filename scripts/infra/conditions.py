"""CloudFormation's conditions, evaluated: moto's CloudFormation exports outputs whatever their conditions say."""


def value(expression, parameters):
    """A parameter, a literal, or the join of a list."""
    if not isinstance(expression, dict):
        return str(expression)
    if "Ref" in expression:
        return str(parameters.get(expression["Ref"], ""))
    separator, items = expression["Fn::Join"]
    joined = value(items, parameters) if isinstance(items, dict) else separator.join(value(item, parameters) for item in items)
    return joined.replace(",", separator)


def holds(expression, template, parameters):
    """Whether a condition holds."""
    ((function, arguments),) = expression.items()
    if function == "Condition":
        return holds(template["Conditions"][arguments], template, parameters)
    if function == "Fn::Equals":
        return value(arguments[0], parameters) == value(arguments[1], parameters)
    if function == "Fn::Not":
        return not holds(arguments[0], template, parameters)
    results = [holds(argument, template, parameters) for argument in arguments]
    return {"Fn::And": all, "Fn::Or": any}[function](results)


def without_false_outputs(template, given):
    """The template without the outputs whose condition is false."""
    defaults = {name: parameter.get("Default", "") for name, parameter in template.get("Parameters", {}).items()}
    parameters = defaults | given
    kept = {
        name: output
        for name, output in template.get("Outputs", {}).items()
        if "Condition" not in output or holds({"Condition": output["Condition"]}, template, parameters)
    }
    return template | {"Outputs": kept}
