// The one annotation that clients name and the JDK no longer has.
package javax.annotation;

public @interface Generated {
    String[] value();
    String date() default "";
    String comments() default "";
}
