// Prints, as JSON, what only Kubernetes' Go types know about the protobuf form of its kinds: which message a kind is,
// and of each field its number, its JSON name, whether it is a pointer, and whether JSON always shows it.
// scripts/generate-protobuf-descriptor.mjs turns this into src/registry/codec/data.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	apidiscoveryv2beta1 "k8s.io/api/apidiscovery/v2beta1"
	imagepolicyv1alpha1 "k8s.io/api/imagepolicy/v1alpha1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1beta1 "k8s.io/apimachinery/pkg/apis/meta/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type field struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	// string, bool, int32, int64, double, bytes, message, or one of the types that JSON writes in its own way.
	Type string `json:"type"`
	// Full name of the message, without leading dot.
	Message string `json:"message,omitempty"`
	// plain, pointer, repeated, map, inline
	Shape string `json:"shape"`
	// JSON shows the field even when it holds its zero value.
	Always bool `json:"always,omitempty"`
}

// Messages whose JSON is not an object of their fields.
var special = map[string]string{
	"k8s.io.apimachinery.pkg.api.resource.Quantity":          "quantity",
	"k8s.io.apimachinery.pkg.util.intstr.IntOrString":        "intOrString",
	"k8s.io.apimachinery.pkg.apis.meta.v1.Time":              "time",
	"k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime":         "microTime",
	"k8s.io.apimachinery.pkg.apis.meta.v1.Duration":          "duration",
	"k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1":          "raw",
	"k8s.io.apimachinery.pkg.runtime.RawExtension":           "raw",
	apiextensions("v1", "JSON"):                              "raw",
	apiextensions("v1beta1", "JSON"):                         "raw",
	apiextensions("v1", "JSONSchemaPropsOrBool"):             "schemaOrBool",
	apiextensions("v1beta1", "JSONSchemaPropsOrBool"):        "schemaOrBool",
	apiextensions("v1", "JSONSchemaPropsOrArray"):            "schemaOrArray",
	apiextensions("v1beta1", "JSONSchemaPropsOrArray"):       "schemaOrArray",
	apiextensions("v1", "JSONSchemaPropsOrStringArray"):      "schemaOrStrings",
	apiextensions("v1beta1", "JSONSchemaPropsOrStringArray"): "schemaOrStrings",
}

func apiextensions(version, name string) string {
	return "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions." + version + "." + name
}

func messageName(t reflect.Type) string {
	return strings.ReplaceAll(strings.ReplaceAll(t.PkgPath(), "/", "."), "-", "_") + "." + t.Name()
}

var messages = map[string][]field{}

func visit(t reflect.Type) {
	name := messageName(t)
	if _, known := messages[name]; known {
		return
	}
	messages[name] = []field{}
	if _, isSpecial := special[name]; isSpecial && t.Name() == "RawExtension" {
		return
	}
	fields := []field{}
	for i := 0; i < t.NumField(); i++ {
		member := t.Field(i)
		tag := member.Tag.Get("protobuf")
		if tag == "" || tag == "-" {
			continue
		}
		fields = append(fields, describe(name, member, tag))
	}
	sort.Slice(fields, func(a, b int) bool { return fields[a].Number < fields[b].Number })
	messages[name] = fields
}

func describe(owner string, member reflect.StructField, tag string) field {
	parts := strings.Split(tag, ",")
	number, err := strconv.Atoi(parts[1])
	if err != nil {
		panic(err)
	}
	jsonParts := strings.Split(member.Tag.Get("json"), ",")
	options := strings.Join(jsonParts[1:], ",")
	omitEmpty, omitZero := strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero")
	f := field{Number: number, Name: jsonParts[0], Shape: "plain"}
	t := member.Type
	switch {
	case member.Anonymous && strings.Contains(options, "inline"):
		f.Shape = "inline"
	case t.Kind() == reflect.Pointer:
		f.Shape, t = "pointer", t.Elem()
	case t.Kind() == reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(owner + "." + f.Name + ": key is no string")
		}
		f.Shape, t = "map", t.Elem()
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && !isStringList(t):
		f.Shape, t = "repeated", t.Elem()
	}
	f.Type, f.Message = typeOf(owner+"."+f.Name, t)
	isStruct := f.Shape == "plain" && t.Kind() == reflect.Struct
	f.Always = f.Shape != "inline" && (!omitEmpty || isStruct) && !omitZero
	return f
}

func typeOf(place string, t reflect.Type) (kind, message string) {
	switch t.Kind() {
	case reflect.String:
		return "string", ""
	case reflect.Bool:
		return "bool", ""
	case reflect.Int32:
		return "int32", ""
	case reflect.Int64, reflect.Int:
		return "int64", ""
	case reflect.Float64:
		return "double", ""
	case reflect.Struct:
		visit(t)
		if kind, ok := special[messageName(t)]; ok {
			return kind, messageName(t)
		}
		return "message", messageName(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes", ""
		}
		if isStringList(t) {
			return "strings", messageName(t)
		}
	}
	panic(fmt.Sprintf("%s: no protobuf form for %s", place, t))
}

func main() {
	known := scheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{
		admissionv1.AddToScheme, admissionv1beta1.AddToScheme, imagepolicyv1alpha1.AddToScheme,
		apidiscoveryv2.AddToScheme, apidiscoveryv2beta1.AddToScheme,
		apiextensionsv1.AddToScheme, apiextensionsv1beta1.AddToScheme,
		apiregistrationv1.AddToScheme,
		metav1.AddMetaToScheme, metav1beta1.AddMetaToScheme,
	} {
		if err := add(known); err != nil {
			panic(err)
		}
	}
	kinds := map[string]string{}
	for gvk, t := range known.AllKnownTypes() {
		if gvk.Version == runtime.APIVersionInternal || !isProtobuf(t) {
			continue
		}
		visit(t)
		kinds[gvk.GroupVersion().String()+" "+gvk.Kind] = messageName(t)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(map[string]any{"kinds": kinds, "messages": messages}); err != nil {
		panic(err)
	}
}

func isProtobuf(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(interface{ Unmarshal([]byte) error })
	return ok
}

// Named lists of strings (ExtraValue, Verbs) are messages with one repeated field, so that absent and empty differ.
func isStringList(t reflect.Type) bool {
	return t.Name() != "" && t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String
}
